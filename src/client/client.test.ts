// The use cases on a real store (PGlite in memory) and workers in this process.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { collect } from "../testing/collect.js";
import { createCountingChain, type CountingOptions } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { createClient } from "./client.js";
import type { FetchEvent, FetchFinal, FetchTarget } from "./port.js";

const columns = { events: false, raw: false, rawLog: false };
let store: Store;
let chains = 0;
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterAll(() => store.close());

/** A client over the shared store and a chain that no other test uses. */
async function createBench(options: CountingOptions = {}) {
  chains += 1;
  const chain = { network: "counting", chainId: `client-${chains}` };
  const source = createCountingChain({ chain, ...options });
  const direct = createDirectWorkers([source]);
  const clock = createManualClock();
  const client = await createClient({
    store,
    pubsub: createMemoryPubSub(),
    dispatcher: direct.dispatcher,
    workers: direct.workers,
    clock,
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
    normalizer: {
      normalizeHash: (_chain, hash) => hash.toLowerCase(),
      normalizeAccount: (_network, account) => account,
    },
    owner: `manager-${chains}`,
    closing: new AbortController().signal,
  });
  const signal = new AbortController().signal;
  return {
    chain,
    source,
    direct,
    clock,
    client,
    fetch: (target: FetchTarget, abortSignal = signal) =>
      client.fetch({ chain, target, caller: "test", maxHeights: 100 }, abortSignal),
    follow: (maxHeights = 100) => client.scrapeLatest({ chain, maxHeights }, signal),
    online: (height?: number, hash = `block-${height}`) =>
      direct.report({ chain, ...(height !== undefined && { head: { height, hash } }) }),
  };
}

const finalOf = (events: readonly FetchEvent[]): FetchFinal => events.at(-1) as FetchFinal;

describe("fetch", () => {
  it("reports accepted, gapless parts with rising progress, and one final; everything is stored", async () => {
    const { chain, fetch, online, direct } = await createBench();
    online();
    const events = await collect(fetch({ heights: { from: 1, to: 40 } }));
    expect(events[0]).toMatchObject({ kind: "accepted", tasks: 8, workers: ["worker-1"] });
    const parts = events.slice(1, -1).map((event) => event as Extract<FetchEvent, { kind: "part" }>);
    expect(parts.map(({ order }) => order)).toEqual(Array.from({ length: 40 }, (_, order) => order));
    parts.forEach(({ progress }, at) => expect(progress).toBeCloseTo((at + 1) / 40));
    expect(parts.flatMap(({ transactions }) => transactions)[0]).toMatchObject({ senders: ["alice"] });
    expect(finalOf(events)).toMatchObject({
      status: "SUCCEEDED",
      parts: 40,
      blockCount: 40,
      transactionCount: 60,
    });
    expect(await store.indexed(chain)).toEqual([{ from: 1, to: 40 }]);
    expect(direct.tasks[0]!.options).toMatchObject({ priority: "interactive", caller: "test" });
  });

  it("fetches one transaction by its normalised hash, without coverage", async () => {
    const { chain, fetch, client } = await createBench();
    const events = await collect(fetch({ hash: "TX-7-2" }));
    expect(events[1]).toMatchObject({ kind: "part", progress: 1, blocks: [{ height: 7 }] });
    expect(finalOf(events)).toMatchObject({ status: "SUCCEEDED", blockCount: 1, transactionCount: 1 });
    expect(await store.indexed(chain)).toEqual([]);
    expect(await client.transactionByHash(chain, "TX-7-2", columns)).toMatchObject({ height: 7 });
    const filter = { network: chain.network, chainIds: [chain.chainId], hash: "TX-7-2" };
    expect((await client.countTransactions(filter, true)).value).toBe(1n);
    const byBlock = { network: chain.network, chainIds: [chain.chainId], blockHash: "BLOCK-7" };
    const page = await client.transactions(byBlock, { order: "NEWEST_FIRST", limit: 5 }, columns);
    expect(page.items).toHaveLength(1);
  });

  it("reports a failure in the final, after the parts before it", async () => {
    const { chain, fetch } = await createBench({
      before: (height) => {
        if (height === 3) throw new Error("secret");
      },
    });
    const final = finalOf(await collect(fetch({ heights: { from: 1, to: 4 } })));
    expect(final).toMatchObject({ status: "FAILED", error: { code: "INTERNAL", retryable: false } });
    expect(final.error?.message).not.toContain("secret");
    await until("height 1 stored", async () => (await store.indexed(chain))[0]?.from === 1);
  });

  it("reports CANCELLED after an abort", async () => {
    const { fetch, direct } = await createBench({
      before: (height) => (height === 2 ? new Promise(() => {}) : undefined),
    });
    const controller = new AbortController();
    const events: FetchEvent[] = [];
    for await (const event of fetch({ heights: { from: 2, to: 2 } }, controller.signal)) {
      events.push(event);
      setImmediate(() => controller.abort(new Error("disconnected")));
    }
    expect(finalOf(events)).toMatchObject({ status: "CANCELLED", parts: 0 });
    expect(direct.tasks[0]!.options.signal.aborted).toBe(true);
  });

  it.each<[FetchTarget, RegExp]>([
    [{ heights: { from: 0, to: 100 } }, /target\.heights: 101 heights requested, at most 100 allowed/],
    [{ hash: " " }, /target\.hash/],
    [{ hash: "x".repeat(257) }, /257 characters/],
  ])("rejects an invalid target before the first event: %j", async (target, message) => {
    const { fetch, direct } = await createBench();
    expect(() => fetch(target)).toThrow(message);
    expect(direct.tasks).toEqual([]);
  });

  it("accepts exactly the maximum of heights and the longest hash", async () => {
    const { fetch } = await createBench();
    expect(finalOf(await collect(fetch({ heights: { from: 1, to: 100 } }))).status).toBe("SUCCEEDED");
    expect(finalOf(await collect(fetch({ hash: "x".repeat(256) }))).status).toBe("FAILED");
  });
});

describe("following", () => {
  it("fetches a short chain from its first height, in steps, then has nothing to do", async () => {
    const { chain, follow, online } = await createBench();
    online(149);
    expect(await follow()).toMatchObject({ blocks: 100, behind: true });
    expect(await follow()).toMatchObject({ blocks: 50, behind: false, head: { height: 149 } });
    expect(await follow()).toMatchObject({ blocks: 0, behind: false });
    expect(await store.indexed(chain)).toEqual([{ from: 0, to: 149 }]);
    expect((await store.chain(chain))?.networkHead).toMatchObject({ height: 149 });
  });

  it.each([
    [9_999, 0],
    [10_000, 9_001],
  ])("starts a chain with head %d at height %d", async (head, start) => {
    const { chain, follow, online } = await createBench();
    online(head);
    await follow(1);
    expect(await store.indexed(chain)).toEqual([{ from: start, to: start }]);
  });

  it("fills the gap after an outage from below, and fetches a replaced head again", async () => {
    const { chain, follow, online, direct } = await createBench({ transactions: () => 0 });
    online(5);
    await follow();
    online(20);
    expect(await follow(10)).toMatchObject({ blocks: 10, behind: true });
    expect(await store.indexed(chain)).toEqual([{ from: 0, to: 15 }]);
    await follow();
    const before = direct.tasks.length;
    online(20, "other");
    await follow();
    expect(direct.tasks.slice(before).map(({ request }) => request)).toMatchObject([
      { range: { from: 20, to: 20 } },
    ]);
  });

  it("requests the latest heights from a legacy worker, after the last stored block", async () => {
    const { chain, follow, direct } = await createBench({ head: 50 });
    direct.report({ chain, capabilities: [] });
    expect(await follow(10)).toMatchObject({ blocks: 10, behind: true });
    expect(await follow(10)).toMatchObject({ blocks: 0, behind: false });
    expect(direct.tasks.map(({ request }) => request)).toMatchObject([
      { kind: "latest", limit: 10 },
      { kind: "latest", limit: 10, after: { height: 50, hash: "block-50" } },
    ]);
    expect((await store.chain(chain))?.followFrom).toBe(41);
  });

  it("waits for the head of a worker with capabilities, and uses the highest head", async () => {
    const { chain, follow, direct } = await createBench();
    direct.report({ chain });
    expect(await follow()).toMatchObject({ blocks: 0, behind: false });
    direct.report({ chain, head: { height: 2 } });
    direct.report({ chain, workerId: "worker-2", head: { height: 3 } });
    direct.report({ chain, workerId: "worker-3", head: { height: 9 }, state: "OFFLINE" });
    expect(await follow()).toMatchObject({ blocks: 4 });
  });

  it("shares one step between concurrent callers; an abort ends only the caller's wait", async () => {
    const { chain, client, direct, online } = await createBench();
    online(3);
    const controller = new AbortController();
    const [one, two] = [
      client.scrapeLatest({ chain, maxHeights: 10 }, controller.signal),
      client.scrapeLatest({ chain, maxHeights: 10 }, new AbortController().signal),
    ];
    controller.abort(new Error("disconnected"));
    await expect(one).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(await two).toMatchObject({ blocks: 4 });
    const heights = direct.tasks.map(({ request }) => (request.kind === "heights" ? request.range.from : -1));
    expect(new Set(heights).size).toBe(heights.length);
  });

  it("returns 'processing' with the stored head while another manager runs a step, and fetches nothing", async () => {
    const { chain, follow, online, direct } = await createBench();
    online(4);
    await follow();
    online(8);
    const before = direct.tasks.length;
    const lease = await store.acquireLease(`follow/${chain.network}/${chain.chainId}`, "other", 60_000);
    expect(await follow()).toMatchObject({ blocks: 0, processing: true, head: { height: 4 } });
    expect(direct.tasks).toHaveLength(before);
    await store.releaseLease(lease!);
    expect(await follow()).toMatchObject({ blocks: 4, processing: false, head: { height: 8 } });
  });

  it("returns 'processing' after 25 s, and the step goes on", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { chain, follow, online, clock, client, direct } = await createBench({ before: () => held });
    online(2);
    const early = follow();
    await until("the first task", () => direct.tasks.length > 0);
    await clock.advance(25_000);
    expect(await early).toMatchObject({ blocks: 0, behind: true, processing: true });
    const late = client.scrapeLatest({ chain }, new AbortController().signal);
    release();
    expect(await late).toMatchObject({ blocks: 3, processing: false });
  });

  it.each([0, 1.5, 100_001, Number.NaN])("rejects %d heights in a step", async (maxHeights) => {
    const { follow } = await createBench();
    await expect(follow(maxHeights)).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
      facts: { argument: "maxHeights" },
      message: /1 to 100000 allowed/,
    });
  });
});

describe("waitForHeight and watching", () => {
  it("waits for a height until it is stored, at most 5 s", async () => {
    const { chain, client, clock, fetch } = await createBench();
    const waiting = client.waitForHeight(chain, 3);
    await collect(fetch({ heights: { from: 1, to: 3 } }));
    await waiting;
    await client.waitForHeight(chain, 3);
    let settled = false;
    const late = client.waitForHeight(chain, 4).catch((error: unknown) => ((settled = true), error));
    await clock.advance(4_999);
    expect(settled).toBe(false);
    await clock.advance(1);
    expect(await late).toMatchObject({ code: "NOT_YET_INDEXED", facts: { height: 3 } });
  });

  it("reports matching blocks and transactions of new commits, until the signal aborts", async () => {
    const { chain, client, fetch } = await createBench();
    const controller = new AbortController();
    const blocks = collect(client.watchBlocks(chain, controller.signal));
    const all = collect(client.watchBlocks(undefined, controller.signal));
    const other = collect(client.watchBlocks({ ...chain, chainId: "other" }, controller.signal));
    const found: number[] = [];
    const watching = (async () => {
      const filter = { network: chain.network, heights: { gte: 3 } };
      for await (const { height } of client.watchTransactions(filter, columns, controller.signal))
        found.push(height);
    })();
    await collect(fetch({ heights: { from: 1, to: 3 } }));
    await until("three transactions", () => found.length === 3);
    controller.abort();
    await watching;
    expect(found).toEqual([3, 3, 3]);
    expect((await blocks).map(({ height }) => height).sort()).toEqual([1, 2, 3]);
    expect((await all).length).toBe(3);
    expect(await other).toEqual([]);
  });

  it.each(["hash", "blockHash", "memo"] as const)("rejects watching transactions by %s", async (name) => {
    const { client } = await createBench();
    const watch = (): unknown =>
      client.watchTransactions({ [name]: "x" }, columns, new AbortController().signal);
    expect(watch).toThrow(`filter.${name}: not allowed in a subscription`);
  });

  it("reports workers at once, then only the last of several changes", async () => {
    const { chain, client, clock, direct } = await createBench();
    direct.report({ chain, inFlight: 1 });
    const controller = new AbortController();
    const found: number[] = [];
    const watching = (async () => {
      for await (const { inFlight } of client.watchWorkers({ chainId: chain.chainId }, controller.signal))
        found.push(inFlight);
    })();
    await clock.advance(0);
    expect(found).toEqual([1]);
    direct.report({ chain, inFlight: 2 });
    direct.report({ chain, inFlight: 3 });
    direct.report({ chain: { ...chain, chainId: "other" }, workerId: "other", inFlight: 9 });
    await clock.advance(249);
    expect(found).toEqual([1]);
    await clock.advance(1);
    expect(found).toEqual([1, 3]);
    controller.abort();
    await watching;
  });
});
