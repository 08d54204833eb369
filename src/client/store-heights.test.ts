// Heights that kill, hang or confuse workers, on a real store and workers in this process.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dispatcher } from "../connectivity/port.js";
import { IndexerError } from "../domain/errors.js";
import type { HeightRange } from "../domain/height.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { createCountingChain } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { createCommitter } from "./committer.js";
import { createStoreHeights, type StoreHeightsRequest } from "./store-heights.js";

let store: Store;
let chains = 0;
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterAll(() => store.close());

const died = (height: number): IndexerError =>
  new IndexerError("WORKER_FAILED", `The worker died at height ${height}.`);

/** Counts the iterations at once. */
async function* counted<T>(parts: AsyncIterable<T>, count: { now: number; most: number }): AsyncGenerator<T> {
  count.now += 1;
  count.most = Math.max(count.most, count.now);
  try {
    yield* parts;
  } finally {
    count.now -= 1;
  }
}

/** A chain whose worker fails as `before` says. */
function createBench(before: (height: number) => Promise<void> | void) {
  chains += 1;
  const chain = { network: "counting", chainId: `poison-${chains}` };
  const source = createCountingChain({ chain, before });
  const { dispatcher: direct, workers, tasks, report } = createDirectWorkers([source]);
  const isolation = { now: 0, most: 0 };
  const dispatcher: Dispatcher = {
    capacity: direct.capacity,
    run(request, options) {
      const run = direct.run(request, options);
      return options.failFast === true ? { ...run, parts: counted(run.parts, isolation) } : run;
    },
  };
  const clock = createManualClock();
  const logger = silentLogger();
  const metrics = createMetrics({ processMetrics: false });
  const committer = createCommitter({ store, pubsub: createMemoryPubSub(), clock, logger, metrics });
  const storeHeights = createStoreHeights({ dispatcher, committer, workers, clock, logger });
  report({ chain });
  return {
    chain,
    source,
    tasks,
    isolation,
    clock,
    report,
    run: (from: number, to: number, more: Partial<StoreHeightsRequest> = {}) =>
      storeHeights({
        chain,
        ranges: [{ from, to }],
        parallel: 2,
        caller: "test",
        priority: "background",
        signal: new AbortController().signal,
        ...more,
      }),
    indexed: (): Promise<readonly HeightRange[]> => store.indexed(chain),
    quarantined: () => store.quarantinedHeights(chain, -1, 100),
  };
}

describe("storing heights", () => {
  it("stores all heights, and reports each part after its commit", async () => {
    const { chain, run, indexed, tasks } = createBench(() => {});
    const stored: number[] = [];
    await run(1, 40, {
      onStored: ({ completed }) => stored.push(...completed),
    });
    expect(await indexed()).toEqual([{ from: 1, to: 40 }]);
    expect(stored.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(tasks.every(({ options }) => options.failFast === false && options.caller === "test")).toBe(true);
    expect(await store.chain(chain)).toMatchObject({ quarantined: 0 });
  });

  it("quarantines a height that kills every worker, with its reason, and stores all others", async () => {
    const { run, indexed, quarantined, source, tasks } = createBench((height) => {
      if (height === 13) throw died(height);
    });
    await run(1, 40);
    expect(await indexed()).toEqual([
      { from: 1, to: 12 },
      { from: 14, to: 40 },
    ]);
    expect(await quarantined()).toEqual([13]);
    // Five heights a task: one failure of the task, two of its halves, three of the height by itself at most.
    const deaths = tasks.filter(
      ({ request }) => "range" in request && request.range.from <= 13 && request.range.to >= 13,
    );
    expect(deaths.length).toBeLessThanOrEqual(6);
    expect(source.reads).not.toContain(13);
  });

  it("isolates several such heights, at both ends too", async () => {
    const poison = new Set([1, 2, 20, 40]);
    const { run, indexed, quarantined } = createBench((height) => {
      if (poison.has(height)) throw died(height);
    });
    await run(1, 40);
    expect(await quarantined()).toEqual([1, 2, 20, 40]);
    expect(await indexed()).toEqual([
      { from: 3, to: 19 },
      { from: 21, to: 39 },
    ]);
  });

  it("stores a height that fails at first, and quarantines nothing", async () => {
    let failures = 0;
    const { run, indexed, quarantined } = createBench((height) => {
      if (height !== 7 || failures >= 3) return;
      failures += 1;
      throw died(height);
    });
    await run(1, 20);
    expect(failures).toBe(3);
    expect(await indexed()).toEqual([{ from: 1, to: 20 }]);
    expect(await quarantined()).toEqual([]);
  });

  it("quarantines nothing while the workers can read no height at all", async () => {
    let isDown = false;
    const { run, indexed, quarantined } = createBench((height) => {
      if (height === 13) isDown = true;
      if (isDown) throw died(height);
    });
    await expect(run(1, 40)).rejects.toMatchObject({ code: "WORKER_FAILED" });
    expect(await quarantined()).toEqual([]);
    expect(await indexed()).not.toEqual([{ from: 1, to: 40 }]);
  });

  it("does not blame a height for a chain that is unavailable", async () => {
    const { run, quarantined, tasks } = createBench(() => {
      throw new IndexerError("CHAIN_UNAVAILABLE", "The node is down.");
    });
    await expect(run(1, 40)).rejects.toMatchObject({
      code: "CHAIN_UNAVAILABLE",
      message: "The node is down.",
    });
    expect(await quarantined()).toEqual([]);
    expect(tasks.length).toBeLessThanOrEqual(2);
  });

  it("waits for a worker that comes back after a crash", async () => {
    const bench = createBench((height) => {
      if (height !== 5 || bench.tasks.length > 3) return;
      bench.report({ chain: bench.chain, state: "OFFLINE" });
      throw died(height);
    });
    const { run, clock, report, chain, indexed } = bench;
    const done = run(5, 5, { parallel: 1 });
    await until("the wait for a worker", () => clock.sleepers > 0);
    report({ chain });
    await until("the second wait", () => bench.tasks.length > 1 && clock.sleepers > 0);
    report({ chain });
    await until("all tasks", async () => {
      report({ chain });
      return (await indexed()).length > 0;
    });
    await done;
  });

  it("ends when its signal aborts, without a verdict", async () => {
    const abort = new AbortController();
    const { run, quarantined } = createBench((height) => {
      if (height === 3) {
        abort.abort(new Error("enough"));
        throw died(height);
      }
    });
    await expect(run(1, 10, { signal: abort.signal })).rejects.toThrow("enough");
    expect(await quarantined()).toEqual([]);
  });

  it("isolates heights of one chain one after the other", async () => {
    const { run, isolation, quarantined } = createBench(async (height) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (height % 10 === 3) throw died(height);
    });
    await Promise.all([run(1, 20), run(21, 40)]);
    expect(await quarantined()).toEqual([3, 13, 23, 33]);
    expect(isolation.most).toBe(1);
  });
});
