// The gauges of chains, over a real store (PGlite in memory) and workers in this process.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Client } from "../client/port.js";
import { createMetrics, type Metrics } from "../lib/metrics.js";
import { silentLogger } from "../lib/logger.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { chainData } from "../testing/chain-data.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { createManualClock } from "../testing/manual-clock.js";
import { registerChainMetrics } from "./chain-metrics.js";

const chain = { network: "counting", chainId: "gauges-1" };
const label = `chain="counting/gauges-1"`;
let store: Store;
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterAll(() => store.close());

function createBench(reads: Partial<Pick<Client, "chains">> = {}) {
  const direct = createDirectWorkers([]);
  const registry = createMetrics({ processMetrics: false });
  const clock = createManualClock();
  let calls = 0;
  const chains: Client["chains"] = (network) => {
    calls += 1;
    return (reads.chains ?? store.chains)(network);
  };
  registerChainMetrics({
    client: { chains, indexed: store.indexed, workers: direct.workers.list },
    registry,
    clock,
    timeLimitMs: 3_000,
  });
  return { direct, registry, clock, reads: () => calls };
}

async function linesOf(registry: Metrics): Promise<string[]> {
  return (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

it("reports heads, missing and quarantined heights, and workers by state, from one read of the database", async () => {
  const heights = [...chainData(10, 19, { chain }), ...chainData(25, 26, { chain })];
  await store.write({ chain, heights, quarantined: [{ height: 27, error: "undecodable" }] });
  await store.startFollowing(chain, 10);
  await store.saveNetworkHead(chain, { height: 29 });
  const { direct, registry, reads } = createBench();
  direct.report({ chain, workerId: "a", state: "ONLINE" });
  direct.report({ chain, workerId: "b", state: "ONLINE" });
  direct.report({ chain, workerId: "c", state: "OFFLINE" });

  expect(await linesOf(registry)).toEqual([
    "indexer_database_up 1",
    `indexer_chain_head_height{${label}} 26`,
    `indexer_chain_head_time_seconds{${label}} 26`,
    `indexer_chain_network_head_height{${label}} 29`,
    `indexer_chain_missing_heights{${label}} 8`,
    `indexer_chain_quarantined{${label}} 1`,
    `indexer_chain_workers{${label},state="CONNECTING"} 0`,
    `indexer_chain_workers{${label},state="ONLINE"} 2`,
    `indexer_chain_workers{${label},state="DRAINING"} 0`,
    `indexer_chain_workers{${label},state="OFFLINE"} 1`,
  ]);
  expect(reads()).toBe(1);
  await registry.metrics();
  expect(reads()).toBe(2);
});

it("reports no missing heights of a chain that is not followed", async () => {
  const other = { network: "counting", chainId: "gauges-2" };
  await store.write({ chain: other, heights: chainData(1, 3, { chain: other }) });
  const lines = await linesOf(createBench().registry);
  expect(lines).toContain(`indexer_chain_head_height{chain="counting/gauges-2"} 3`);
  expect(lines.filter((line) => /^indexer_chain_(missing|network).*gauges-2/.test(line))).toEqual([]);
});

it("reports a failing database and the workers of the chains that it knew, and recovers", async () => {
  let fails = false;
  const { registry } = createBench({
    chains: (network) => (fails ? Promise.reject(new Error("no database")) : store.chains(network)),
  });
  await registry.metrics();
  fails = true;
  const lines = await linesOf(registry);
  expect(lines).toContain("indexer_database_up 0");
  expect(lines).toContain(`indexer_chain_workers{${label},state="ONLINE"} 0`);
  expect(lines.filter((line) => line.startsWith("indexer_chain_head"))).toEqual([]);
  fails = false;
  expect(await linesOf(registry)).toContain("indexer_database_up 1");
});

it("ends a scrape at its time limit when the database hangs, and starts no second read meanwhile", async () => {
  let release = (): void => {};
  const { registry, clock, reads } = createBench({
    chains: () => new Promise((resolve) => (release = () => resolve([]))),
  });
  for (let scrape = 1; scrape <= 2; scrape += 1) {
    const lines = linesOf(registry);
    await clock.advance(3_000);
    expect(await lines).toContain("indexer_database_up 0");
  }
  expect(reads()).toBe(1);
  expect(clock.sleepers).toBe(0);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  const recovered = linesOf(registry);
  expect(reads()).toBe(2);
  release();
  expect(await recovered).toContain("indexer_database_up 1");
});
