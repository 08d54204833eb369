// The definition of the demo chain: generated data, no node.
// Imports only lib, chains and its own folder.
// Never reads the environment: it receives resolved settings.
import type { Settings } from "../../lib/config.js";
import { nonNegativeNumber, duration, anyText, boundedInteger } from "../../lib/setting-types.js";
import { defineChain } from "../adapter.js";
import { createDemoChain, demoNetwork } from "./demo-chain.js";

const settings = {
  chainId: {
    name: "CHAIN_ID",
    schema: anyText,
    fallback: "demo-1",
    description: "Chain id of the demo chain.",
  },
  seed: {
    name: "DEMO_SEED",
    schema: boundedInteger(0, 0xffffffff),
    fallback: "1",
    description: "Seed of the generated data: the same seed generates the same chain.",
  },
  heights: {
    name: "DEMO_HEIGHTS",
    schema: boundedInteger(1),
    fallback: "1000",
    description: "Height of the demo chain on 2026-01-01; it grows by DEMO_RATE from then on.",
  },
  rate: {
    name: "DEMO_RATE",
    schema: nonNegativeNumber,
    fallback: "1",
    description: "New blocks per second; 0 stops the growth.",
  },
  transactions: {
    name: "DEMO_TRANSACTIONS",
    schema: boundedInteger(0, 100_000),
    fallback: "5",
    description: "Average number of transactions per block.",
  },
  latency: {
    name: "DEMO_LATENCY",
    schema: duration(0),
    fallback: "0ms",
    description: "Delay before the demo chain returns the first result of a task.",
  },
} as const satisfies Settings;

/** The network `demo`. */
export const demoAdapter = defineChain({
  network: demoNetwork,
  description: "Run a worker for a demo chain that is generated from a seed.",
  settings,
  open: (config) =>
    Promise.resolve(
      createDemoChain({
        chainId: config.chainId,
        seed: config.seed,
        initialHeights: config.heights,
        ratePerSecond: config.rate,
        transactionsPerBlock: config.transactions,
        latencyMs: config.latency,
      }),
    ),
  normalizeHash: (hash) => (/^[0-9a-f]{64}$/i.test(hash) ? hash.toLowerCase() : hash),
  normalizeAccount: (account) => account,
});
