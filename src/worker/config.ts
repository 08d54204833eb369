// The settings of a worker: those that every worker has, and those of each network.
import { hostname } from "node:os";
import type { Settings, SettingValues } from "../lib/config.js";
import { nonNegativeNumber, duration, hostPort, list, path, text, urls, wholeNumber } from "../lib/setting-types.js";
import { logLevel } from "../lib/process-settings.js";

export const workerSettings = {
  managers: {
    name: "MANAGERS",
    schema: list,
    fallback: "127.0.0.1:8085",
    description: "Managers to register with, as host:port, separated by commas.",
  },
  address: {
    name: "ADDRESS",
    schema: hostPort,
    fallback: "0.0.0.0:0",
    description: "Where the worker listens for managers' streams, as host:port; port 0 takes a free one.",
  },
  hostname: {
    name: "HOSTNAME",
    schema: text,
    description: "Name or IP under which managers reach this worker; found by itself where it is not given.",
  },
  managerInterval: {
    name: "MANAGER_INTERVAL",
    schema: duration(100),
    fallback: "10s",
    description: "How often the worker registers.",
  },
  capacity: {
    name: "CAPACITY",
    schema: wholeNumber(1, 1_000),
    fallback: "8",
    description: "Tasks that the worker takes at once.",
  },
  workerToken: {
    name: "WORKER_TOKEN",
    schema: text,
    description: "Secret to present to managers.",
    secret: true,
  },
  tlsCa: {
    name: "TLS_CA",
    schema: path,
    description: "Certificate authority of managers: with it, streams are mutual TLS.",
  },
  tlsCert: { name: "TLS_CERT", schema: path, description: "This worker's certificate." },
  tlsKey: { name: "TLS_KEY", schema: path, description: "The key of TLS_CERT." },
  metricsAddress: {
    name: "METRICS_ADDRESS",
    schema: hostPort,
    description: "Where /metrics is served; nowhere without it.",
  },
  drainTimeout: {
    name: "DRAIN_TIMEOUT",
    schema: duration(),
    fallback: "30s",
    description: "How long tasks under way may take to finish after SIGTERM.",
  },
  logLevel,
} as const satisfies Settings;

const requestsPerSecond = {
  name: "REQUESTS_PER_SECOND",
  schema: nonNegativeNumber,
  description: "Requests a second to each endpoint at most; without it, as many as the endpoint bears.",
} as const;
const requestTimeout = {
  name: "REQUEST_TIMEOUT",
  schema: duration(100),
  fallback: "10s",
  description: "How long one request to an endpoint may take.",
} as const;
const chainId = {
  name: "CHAIN_ID",
  schema: text,
  description: "The chain that the endpoints must serve; without it, what they say.",
} as const;

export const ethereumSettings = {
  rpcUrls: {
    name: "ETHEREUM_RPC_URL",
    schema: urls("http", "https"),
    fallback: "http://127.0.0.1:8545",
    description: "JSON-RPC endpoints of the node, separated by commas.",
  },
  chainId,
  requestsPerSecond,
  requestTimeout,
} as const satisfies Settings;

export const cosmosSettings = {
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
  chainId,
  requestsPerSecond,
  requestTimeout,
} as const satisfies Settings;

export const demoSettings = {
  chainId: { ...chainId, fallback: "demo-1", description: "The name of the demo chain." },
  seed: {
    name: "DEMO_SEED",
    schema: wholeNumber(0, 0xffffffff),
    fallback: "1",
    description: "Same seed, same chain.",
  },
  heights: {
    name: "DEMO_HEIGHTS",
    schema: wholeNumber(1),
    fallback: "1000",
    description: "Height of the demo chain on 2026-01-01, from when it grows by DEMO_RATE.",
  },
  rate: {
    name: "DEMO_RATE",
    schema: nonNegativeNumber,
    fallback: "1",
    description: "New blocks a second; 0 for a chain that stands still.",
  },
  transactions: {
    name: "DEMO_TRANSACTIONS",
    schema: wholeNumber(0, 100_000),
    fallback: "5",
    description: "Transactions in a block, on average.",
  },
  latency: {
    name: "DEMO_LATENCY",
    schema: duration(0),
    fallback: "0ms",
    description: "How long the demo chain takes to answer for a block.",
  },
} as const satisfies Settings;

export type WorkerConfig = SettingValues<typeof workerSettings>;
export type EthereumConfig = SettingValues<typeof ethereumSettings>;
export type CosmosConfig = SettingValues<typeof cosmosSettings>;
export type DemoConfig = SettingValues<typeof demoSettings>;

/** The networks that a worker can serve. */
export const networks = ["ethereum", "cosmos", "demo"] as const;
export type Network = (typeof networks)[number];

export const networkSettings = {
  ethereum: ethereumSettings,
  cosmos: cosmosSettings,
  demo: demoSettings,
} as const satisfies Readonly<Record<Network, Settings>>;

/** The name that managers are told: as configured, else loopback where every manager is there, else the machine's name. */
export function advertisedHost({
  hostname: given,
  managers,
}: Pick<WorkerConfig, "hostname" | "managers">): string {
  if (given !== undefined) return given;
  const local = managers.every((manager) => /^(?:https?:\/\/)?(127\.|localhost|\[::1\])/.test(manager));
  return local ? "127.0.0.1" : hostname();
}
