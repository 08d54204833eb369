// The definition of Ethereum and of every chain with the same JSON-RPC.
// Imports only lib, chains and its own folder.
// Never reads the environment: it receives resolved settings.
import type { Settings } from "../../lib/config.js";
import { urls } from "../../lib/setting-types.js";
import { defineChain } from "../adapter.js";
import { nodeSettings, retryUntilIdentified } from "../node-settings.js";
import { createEthereumChain, ethereumNetwork, readEthereumChainId } from "./ethereum-chain.js";

const settings = {
  rpcUrls: {
    name: "ETHEREUM_RPC_URL",
    schema: urls("http", "https"),
    fallback: "http://127.0.0.1:8545",
    description: "JSON-RPC endpoints of the node, separated by commas.",
  },
  ...nodeSettings,
} as const satisfies Settings;

/** The network `ethereum`. */
export const ethereumAdapter = defineChain({
  network: ethereumNetwork,
  description: "Run a worker for an Ethereum chain, over JSON-RPC.",
  settings,
  dev: {
    placeholder: "url",
    description: "JSON-RPC endpoint of an Ethereum chain to follow (repeatable)",
    settingsOf: (url) => ({ [settings.rpcUrls.name]: url }),
  },
  async open({ chainId, requestsPerSecond, rpcUrls, requestTimeout }, deps) {
    const nodes = {
      urls: rpcUrls,
      timeoutMs: requestTimeout,
      logger: deps.logger,
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    };
    const identified =
      chainId ?? (await retryUntilIdentified(() => readEthereumChainId(nodes, deps.signal), deps));
    return createEthereumChain({ ...nodes, chainId: identified });
  },
  normalizeHash: (hash) => (/^0x[0-9a-f]{64}$/i.test(hash) ? hash.toLowerCase() : hash),
  // EIP-55 encodes a checksum in the case of the digits; the address is the same in any case.
  normalizeAccount: (account) => (/^0x[0-9a-f]{40}$/i.test(account) ? account.toLowerCase() : account),
});
