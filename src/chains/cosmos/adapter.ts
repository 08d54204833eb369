// Cosmos SDK chains as one definition.
// Imports only lib, chains and its own folder.
// Never reads the environment: settings arrive resolved.
import type { Settings } from "../../lib/config.js";
import { list, urls } from "../../lib/setting-types.js";
import { defineChain } from "../adapter.js";
import { nodeSettings, retryUntilIdentified } from "../node-settings.js";
import type { ChainReader } from "../port.js";
import { checkCosmosAddress, probeCosmosAddress, type ProbedAddress } from "./address-kind.js";
import { createCosmosChain } from "./cosmos-chain.js";

const settings = {
  grpcUrls: {
    name: "COSMOS_GRPC_ADDR",
    schema: list,
    fallback: "",
    description: "gRPC endpoints of the node: host:port, or https://host:port for TLS, separated by commas.",
  },
  rpcUrls: {
    name: "COSMOS_RPC_URL",
    schema: urls("http", "https"),
    fallback: "",
    description: "CometBFT RPC endpoints of the node, separated by commas.",
  },
  ...nodeSettings,
} as const satisfies Settings;

/** The network `cosmos`. */
export const cosmosAdapter = defineChain({
  network: "cosmos",
  description: "Run a worker for a Cosmos SDK chain, over gRPC or CometBFT RPC.",
  settings,
  dev: {
    placeholder: "address",
    description: "gRPC or RPC endpoint of a Cosmos chain to follow (repeatable)",
    async settingsOf(address, deps) {
      checkCosmosAddress(address);
      const probe = (): Promise<ProbedAddress> => probeCosmosAddress(address, deps);
      const { kind, url } = await retryUntilIdentified(probe, deps);
      return { [kind === "grpc" ? settings.grpcUrls.name : settings.rpcUrls.name]: url };
    },
  },
  open({ chainId, requestsPerSecond, grpcUrls, rpcUrls, requestTimeout }, deps) {
    const create = (): Promise<ChainReader> =>
      createCosmosChain({
        grpcUrls,
        rpcUrls,
        timeouts: { requestMs: requestTimeout },
        ...deps,
        ...(chainId !== undefined && { chainId }),
        ...(requestsPerSecond !== undefined && { requestsPerSecond }),
      });
    return chainId === undefined && grpcUrls.length + rpcUrls.length > 0
      ? retryUntilIdentified(create, deps)
      : create();
  },
  normalizeHash: (hash) =>
    /^(0x)?[0-9a-f]{64}$/i.test(hash) ? hash.replace(/^0x/i, "").toUpperCase() : hash,
  normalizeAccount: (account) => account,
});
