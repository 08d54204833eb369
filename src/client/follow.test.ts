// Following the head on a real store (PGlite in memory) with workers in this process.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChainHead } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { TaskRequest, TaskResult } from "../domain/task.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { chainData } from "../testing/chain-data.js";
import { createCountingChain, type CountingOptions } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { createCommitter } from "./committer.js";
import { createFollow } from "./follow.js";
import { createStoreHeights } from "./store-heights.js";

let store: Store;
let chains = 0;
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterAll(() => store.close());

interface BenchOptions extends CountingOptions {
  /** Replaces the results of the chain. */
  readonly execute?: (request: TaskRequest, signal: AbortSignal) => AsyncIterable<TaskResult>;
  /** Where the index of the chain begins. */
  readonly followFrom?: number;
}

/** The use cases over the shared store, for a chain that no other test uses. */
function createBench({ execute, followFrom, ...options }: BenchOptions = {}) {
  chains += 1;
  const chain = { network: "counting", chainId: `follow-${chains}` };
  const source = createCountingChain({ chain, transactions: () => 1, ...options });
  const direct = createDirectWorkers([{ ...source, ...(execute !== undefined && { execute }) }]);
  const clock = createManualClock();
  const closing = new AbortController();
  const { dispatcher, workers } = direct;
  const committer = createCommitter({
    store,
    pubsub: createMemoryPubSub(),
    clock,
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
  });
  const storing = { dispatcher, workers, committer, clock, logger: silentLogger() };
  const follow = createFollow({
    ...storing,
    store,
    storeHeights: createStoreHeights(storing),
    owner: "test",
    closing: closing.signal,
    ...(followFrom !== undefined && { followFrom }),
  });
  const never = new AbortController().signal;
  return {
    chain,
    source,
    direct,
    clock,
    closing,
    step: (maxHeights = 100, signal = never) => follow(chain, maxHeights, signal),
    online: (head: ChainHead) => direct.report({ chain, head }),
    legacyOnline: () => direct.report({ chain, capabilities: [] }),
    requests: () => direct.tasks.map(({ request }) => request),
    stored: () => store.indexed(chain),
  };
}

/** Results of whole heights; one height is quarantined until it is readable. */
function undecodableUntil(isReadable: () => boolean, undecodable: number): BenchOptions["execute"] & object {
  const source = createCountingChain({ transactions: () => 1 });
  return async function* (request) {
    if (request.kind !== "heights") return;
    const { chain, range } = request;
    for (let height = range.from; height <= range.to; height += 1) {
      await Promise.resolve();
      const block = { ...source.block(height), chain };
      const transactions = [{ ...source.transaction(height, 0), chain }];
      if (height === undecodable && !isReadable()) yield { kind: "quarantine", height, error: "undecodable" };
      else yield { kind: "height", block, transactions };
    }
  };
}

describe("a step", () => {
  it.each([
    [{ height: 20_000, earliest: 10_001 }, 10_001],
    [{ height: 20_000, earliest: 10_000 }, 19_001],
    [{ height: 9_999 }, 0],
    [{ height: 0 }, 0],
  ])("starts a chain whose nodes report %j at height %d", async (head, start) => {
    const { step, online, stored, chain } = createBench();
    online(head);
    expect(await step(1)).toMatchObject({ blocks: 1, transactions: 1, head: { height: start } });
    expect(await stored()).toEqual([{ from: start, to: start }]);
    expect((await store.chain(chain))?.followFrom).toBe(start);
  });

  it("continues from the height where following began, even if nodes prune later", async () => {
    const { step, online, stored } = createBench();
    online({ height: 3 });
    await step();
    online({ height: 20_000, earliest: 19_000 });
    await step(10);
    expect(await stored()).toEqual([{ from: 0, to: 13 }]);
  });

  it("fetches nothing again if the head has the stored hash, or no hash", async () => {
    const { step, online, requests } = createBench();
    online({ height: 5 });
    await step();
    const before = requests().length;
    for (const head of [{ height: 5 }, { height: 5, hash: "block-5" }]) {
      online(head);
      expect(await step()).toMatchObject({ blocks: 0, behind: false });
    }
    expect(requests()).toHaveLength(before);
  });

  it("is not behind after a step without progress, so that it does not repeat at once", async () => {
    const { step, online, requests } = createBench({ execute: async function* () {} });
    online({ height: 5 });
    expect(await step()).toEqual({ blocks: 0, transactions: 0, behind: false, processing: false });
    expect(requests().length).toBeGreaterThan(0);
  });

  it("stores nothing and is not behind if the head is below the start of following", async () => {
    const { step, online, requests, chain } = createBench();
    await store.startFollowing(chain, 50);
    online({ height: 49 });
    expect(await step()).toEqual({ blocks: 0, transactions: 0, behind: false, processing: false });
    expect(requests()).toEqual([]);
  });

  it("replaces a chain that was reorganised while no manager ran, and fetches its head only once", async () => {
    const { step, online, chain, source, stored } = createBench();
    await store.startFollowing(chain, 0);
    await store.write({ chain, heights: chainData(0, 8, { chain }) });
    // Neither a hash nor a new block shows the reorganisation.
    online({ height: 8 });
    const heights = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    await until("the end of the steps", async () => !(await step()).behind);
    expect(await stored()).toEqual([{ from: 0, to: 8 }]);
    expect((await store.blocksAt(chain, heights)).map(({ hash }) => hash)).toEqual(
      heights.map((height) => `block-${height}`),
    );
    const reads = source.reads.length;
    await step();
    expect(source.reads.length).toBe(reads);
  });

  it("requests no quarantined height again, so that it reaches the heights above any number of them", async () => {
    const { step, online, requests, stored, chain } = createBench({
      execute: undecodableUntil(() => false, 2),
    });
    const below = [0, 1].map((height) => ({ height, error: "undecodable" }));
    await store.startFollowing(chain, 0);
    await store.write({ chain, heights: [], quarantined: below });
    online({ height: 5 });
    expect(await step(2)).toMatchObject({ behind: true });
    expect(await store.quarantinedHeights(chain, -1, 10)).toEqual([0, 1, 2]);
    expect(await step(2)).toMatchObject({ behind: false });
    expect(await stored()).toEqual([{ from: 3, to: 5 }]);
    const before = requests().length;
    expect(await step(2)).toMatchObject({ blocks: 0, behind: false });
    expect(requests()).toHaveLength(before);
  });

  it("goes on after a height that kills every worker", async () => {
    const { step, online, stored, chain } = createBench({
      before: (height) => {
        if (height === 2) throw new IndexerError("WORKER_FAILED", "The worker died.");
      },
    });
    online({ height: 5 });
    await step();
    expect(await stored()).toEqual([
      { from: 0, to: 1 },
      { from: 3, to: 5 },
    ]);
    expect(await store.quarantinedHeights(chain, -1, 10)).toEqual([2]);
  });

  it("runs as background work under its own name", async () => {
    const { step, online, direct } = createBench();
    online({ height: 0 });
    await step();
    expect(direct.tasks[0]?.options).toMatchObject({ caller: "follow", priority: "background" });
  });

  it("ends when the manager stops, and not when its caller stops waiting", async () => {
    const { step, online, closing, direct } = createBench({ before: () => new Promise(() => {}) });
    online({ height: 0 });
    await expect(step(1, AbortSignal.abort(new Error("disconnected")))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    await until("the task", () => direct.inFlight === 1);
    const waiting = step(1);
    closing.abort(new Error("The manager stops."));
    await expect(waiting).rejects.toThrow("The manager stops.");
    expect(direct.tasks).toHaveLength(1);
    expect(direct.tasks[0]?.options.signal.aborted).toBe(true);
  });
});

describe("a step with workers that report no head", () => {
  it.each<[string, number | undefined, readonly (readonly [number, number])[], object | undefined]>([
    ["nothing is stored", undefined, [], undefined],
    ["following starts at 0 and nothing is stored", 0, [], undefined],
    ["heights are stored that nobody followed", undefined, [[7, 8]], { height: 8, hash: "main-8" }],
    ["the heights from its start are stored", 41, [[41, 50]], { height: 50, hash: "main-50" }],
    ["a gap follows the first heights", 41, [[41, 44], [46, 50]], { height: 44, hash: "main-44" }], // prettier-ignore
    ["its first height is missing", 41, [[43, 50]], { height: 40 }],
    ["its first height is missing and the one before is stored", 41, [[30, 40], [43, 50]], { height: 40, hash: "main-40" }], // prettier-ignore
  ])("requests what follows the last height before a gap: %s", async (_case, followFrom, ranges, after) => {
    const { step, legacyOnline, requests, chain } = createBench({ head: 60 });
    if (followFrom !== undefined) await store.startFollowing(chain, followFrom);
    for (const [from, to] of ranges) {
      await store.write({ chain, heights: chainData(from, to, { chain }) });
    }
    legacyOnline();
    await step(5);
    expect(requests()).toMatchObject([{ kind: "latest", limit: 5 }]);
    const [request] = requests();
    const requested = request?.kind === "latest" ? request.after : undefined;
    if (after === undefined) expect(requested).toBeUndefined();
    else expect(requested).toMatchObject(after);
    if (after !== undefined && !("hash" in after)) expect(requested).not.toHaveProperty("hash");
  });
});

describe("FOLLOW_FROM", () => {
  it.each([
    ["begins at the height", 120, { height: 150 }, [{ from: 120, to: 150 }]],
    [
      "begins at the first height of a pruned node",
      10,
      { height: 150, earliest: 140 },
      [{ from: 140, to: 150 }],
    ],
    ["waits for a height above the head", 200, { height: 150 }, []],
    ["begins at the height without a reported head", 120, undefined, [{ from: 120, to: 150 }]],
  ])("%s", async (_title, followFrom, head, expected) => {
    const { step, online, legacyOnline, stored } = createBench({ head: 150, followFrom });
    if (head === undefined) legacyOnline();
    else online(head);
    await step();
    expect(await stored()).toEqual(expected);
  });

  it("does not move the start of a chain that is followed already", async () => {
    const { step, online, chain } = createBench({ head: 150, followFrom: 120 });
    await store.startFollowing(chain, 100);
    online({ height: 150 });
    await step();
    expect(await store.indexed(chain)).toEqual([{ from: 100, to: 150 }]);
  });
});
