// Following the head on a real store (PGlite in memory) with workers in this process: single steps, and the loop over them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ChainHead } from "../domain/chain.js";
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
import { startFollower, type Follower } from "./follower.js";
import { createRetryQuarantined } from "./retry-quarantined.js";

let store: Store;
let chains = 0;
const followers: Follower[] = [];
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});
afterAll(() => store.close());

interface BenchOptions extends CountingOptions {
  /** Replaces the results of the chain. */
  readonly execute?: (request: TaskRequest, signal: AbortSignal) => AsyncIterable<TaskResult>;
}

/** The use cases over the shared store, for a chain that no other test uses. */
function createBench({ execute, ...options }: BenchOptions = {}) {
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
  const deps = { store, dispatcher, workers, committer, closing: closing.signal };
  const follow = createFollow(deps);
  const never = new AbortController().signal;
  return {
    chain,
    source,
    direct,
    clock,
    closing,
    step: (maxHeights = 100, signal = never) => follow(chain, maxHeights, signal),
    startFollower: (maxHeights = 100) => {
      const follower = startFollower({
        follow,
        retryQuarantined: createRetryQuarantined(deps),
        workers,
        clock,
        logger: silentLogger(),
        intervalMs: 5_000,
        quarantineRetryIntervalMs: 60_000,
        maxHeights,
      });
      followers.push(follower);
      return follower;
    },
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
    expect(await step()).toEqual({ blocks: 0, transactions: 0, behind: false });
    expect(requests().length).toBeGreaterThan(0);
  });

  it("stores nothing and is not behind if the head is below the start of following", async () => {
    const { step, online, requests, chain } = createBench();
    await store.startFollowing(chain, 50);
    online({ height: 49 });
    expect(await step()).toEqual({ blocks: 0, transactions: 0, behind: false });
    expect(requests()).toEqual([]);
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

describe("the follower", () => {
  const untilHead = async (bench: ReturnType<typeof createBench>, height: number): Promise<void> => {
    const requested = (): boolean =>
      bench.requests().some((request) => request.kind === "heights" && request.range.to >= height);
    await until(`height ${height}`, () => requested() && bench.clock.sleepers === 1);
    expect((await bench.stored()).at(-1)?.to).toBe(height);
  };

  it("stores a chain up to its head in steps without a wait, and each new head at once", async () => {
    const bench = createBench();
    const follower = bench.startFollower(100);
    bench.online({ height: 250 });
    await untilHead(bench, 250);
    expect(await bench.stored()).toEqual([{ from: 0, to: 250 }]);
    bench.online({ height: 251 });
    await untilHead(bench, 251);
    expect(bench.clock.monotonic()).toBe(0);
    expect(follower.states()).toEqual([{ chain: bench.chain, lastSuccess: bench.clock.now() }]);
    const reads = bench.source.reads.toSorted((a, b) => a - b);
    expect(reads).toEqual(Array.from({ length: 252 }, (_, height) => height));
  });

  it("replaces the block at the head when a worker reports another hash", async () => {
    const bench = createBench();
    bench.startFollower();
    bench.online({ height: 5, hash: "block-5" });
    await untilHead(bench, 5);
    const before = bench.requests().length;
    bench.online({ height: 5, hash: "other-5" });
    await until("a new request", () => bench.requests().length > before);
    expect(bench.requests().slice(before)).toMatchObject([{ range: { from: 5, to: 5 } }]);
  });

  it("follows workers that are online before it starts, and a chain once for all of its workers", async () => {
    const bench = createBench();
    bench.online({ height: 3 });
    bench.direct.report({ chain: bench.chain, workerId: "worker-2", head: { height: 3 } });
    const follower = bench.startFollower();
    await untilHead(bench, 3);
    expect(follower.states()).toHaveLength(1);
    expect(bench.source.reads.length).toBe(4);
  });

  it("keeps the last success of a chain that fails, and tries again after the interval and a growing delay", async () => {
    let failing = false;
    const bench = createBench({
      before: () => {
        if (failing) throw new Error("No node.");
      },
    });
    const follower = bench.startFollower();
    bench.online({ height: 3 });
    await untilHead(bench, 3);
    const lastSuccess = bench.clock.now();
    failing = true;
    bench.online({ height: 4 });
    const failed = (): boolean => follower.states()[0]?.error !== undefined;
    await until("the failure", () => failed() && bench.clock.sleepers === 1);
    expect(follower.states()).toMatchObject([{ chain: bench.chain, lastSuccess, error: "No node." }]);
    const attempts = bench.requests().length;
    // The interval, and a delay of 250 to 500 ms.
    await bench.clock.advance(5_249);
    expect(bench.requests()).toHaveLength(attempts);
    failing = false;
    await bench.clock.advance(251);
    await untilHead(bench, 4);
    const [state] = follower.states();
    expect(state).not.toHaveProperty("error");
    expect(state?.lastSuccess).toBeGreaterThan(lastSuccess + 5_249);
  });

  it("fetches quarantined heights again, first once up to date, then after each interval", async () => {
    const bench = createBench({ execute: undecodableUntil(() => readable, 3) });
    let readable = false;
    // Below the start of following, so that only the retry of quarantined heights requests it.
    await store.startFollowing(bench.chain, 4);
    await store.write({
      chain: bench.chain,
      heights: [],
      quarantined: [{ height: 3, error: "undecodable" }],
    });
    const retries = (): number =>
      bench.requests().filter((request) => request.kind === "heights" && request.range.from === 3).length;
    const follower = bench.startFollower();
    bench.online({ height: 5 });
    await untilHead(bench, 5);
    expect(retries()).toBe(1);
    readable = true;
    for (let passed = 0; passed < 55_000; passed += 5_000) {
      await bench.clock.advance(5_000);
      await until("the loop to wait", () => bench.clock.sleepers === 1);
    }
    expect(retries()).toBe(1);
    await bench.clock.advance(5_000);
    await until("the repair", async () => (await bench.stored())[0]?.from === 3);
    expect(await store.quarantinedHeights(bench.chain, -1, 10)).toEqual([]);
    expect(follower.states()[0]).not.toHaveProperty("error");
  });

  it("continues to follow when retrying quarantined heights fails", async () => {
    const bench = createBench({
      before: (height) => {
        if (height === 3) throw new Error("No node.");
      },
    });
    await store.startFollowing(bench.chain, 4);
    await store.write({
      chain: bench.chain,
      heights: [],
      quarantined: [{ height: 3, error: "undecodable" }],
    });
    const follower = bench.startFollower();
    bench.online({ height: 5 });
    await untilHead(bench, 5);
    bench.online({ height: 6 });
    await untilHead(bench, 6);
    expect(bench.clock.monotonic()).toBe(0);
    expect(follower.states()).toEqual([{ chain: bench.chain, lastSuccess: bench.clock.now() }]);
  });

  it("stops after the step in progress, and follows nothing that comes later", async () => {
    let release = (): void => {};
    const bench = createBench({ before: () => new Promise<void>((resolve) => (release = resolve)) });
    const follower = bench.startFollower();
    bench.online({ height: 0 });
    await until("the task", () => bench.direct.inFlight === 1);
    await follower.stop();
    release();
    bench.direct.report({ chain: { network: "counting", chainId: "later" }, head: { height: 1 } });
    expect(follower.states()).toMatchObject([{ chain: bench.chain }]);
    expect(bench.clock.sleepers).toBe(0);
  });
});
