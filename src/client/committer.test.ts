import { expect, it } from "vitest";
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { createLogger, silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import type { WriteBatch, WriteResult } from "../store/port.js";
import { chainData, testChain } from "../testing/chain-data.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createCommitter, type CommitterOptions } from "./committer.js";

const noChange: WriteResult = { blocks: 0, transactions: 0, replaced: [], unlinked: [] };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const batchOf = (from: number, to = from, perHeight = 2): WriteBatch => ({
  chain: testChain,
  heights: chainData(from, to, { transactions: () => perHeight }),
});
const heightsIn = (batch: WriteBatch): number[] => batch.heights.map(({ block }) => block.height);

/** A committer over a store. The test settles each write. */
function createBench(options: Partial<CommitterOptions> = {}) {
  const writes: { batch: WriteBatch; resolve: () => void; reject: (error: Error) => void }[] = [];
  const published: string[] = [];
  const clock = createManualClock();
  const committer = createCommitter({
    store: {
      write: (batch) =>
        new Promise((resolve, reject) => writes.push({ batch, resolve: () => resolve(noChange), reject })),
    },
    pubsub: { publish: async (topic) => void published.push(topic) },
    clock,
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
    parallel: 1,
    ...options,
  });
  return { committer, writes, published, clock };
}

it("commits batches that wait together in one commit, in order", async () => {
  const { committer, writes, published } = createBench();
  const results = [1, 2, 3].map((height) => committer.commit(batchOf(height)));
  writes[0]!.resolve();
  await turn();
  expect(writes.map(({ batch }) => heightsIn(batch))).toEqual([[1], [2, 3]]);
  writes[1]!.resolve();
  await Promise.all(results);
  expect(published).toEqual(["announced", "announced"]);
});

it.each<[string, WriteBatch]>([
  ["whole", batchOf(2)],
  [
    "partial",
    {
      chain: testChain,
      heights: [],
      partialBlocks: chainData(2, 2).map(({ block, transactions }) => ({
        block,
        transaction: transactions[0]!,
      })),
    },
  ],
  ["quarantined", { chain: testChain, heights: [], quarantined: [{ height: 2, error: "undecodable" }] }],
])("never commits a height twice in one commit: %s", async (_kind, second) => {
  const { committer, writes } = createBench();
  void committer.commit(batchOf(1));
  void committer.commit(batchOf(2));
  void committer.commit(second);
  writes[0]!.resolve();
  await turn();
  expect(heightsIn(writes[1]!.batch)).toEqual([2]);
  expect([writes[1]!.batch.partialBlocks ?? [], writes[1]!.batch.quarantined ?? []]).toEqual([[], []]);
  writes[1]!.resolve();
  await turn();
  expect(writes[2]!.batch).toEqual(second);
});

it("fails only the batch that the store rejects", async () => {
  const { committer, writes } = createBench();
  void committer.commit(batchOf(1));
  const results = Promise.allSettled([2, 3, 4].map((height) => committer.commit(batchOf(height))));
  writes[0]!.resolve();
  await turn();
  writes[1]!.reject(new Error("invalid"));
  for (let at = 2; at <= 4; at += 1) {
    await turn();
    expect(heightsIn(writes[at]!.batch)).toEqual([at]);
    if (at === 3) writes[at]!.reject(new Error("invalid 3"));
    else writes[at]!.resolve();
  }
  expect((await results).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

it("takes no further batch once a commit is full, counting blocks and transactions", async () => {
  const { committer, writes } = createBench({ commitSize: 6 });
  void committer.commit(batchOf(1));
  for (const batch of [batchOf(10), batchOf(11), batchOf(12), batchOf(20, 20, 50), batchOf(30)]) {
    void committer.commit(batch);
  }
  for (let at = 0; at < 4; at += 1) {
    writes[at]?.resolve();
    await turn();
  }
  expect(writes.map(({ batch }) => heightsIn(batch))).toEqual([[1], [10, 11], [12, 20], [30]]);
});

it("commits a batch above the limit alone if it comes first", async () => {
  const { committer, writes } = createBench({ commitSize: 6 });
  void committer.commit(batchOf(1));
  for (const batch of [batchOf(20, 20, 50), batchOf(30)]) void committer.commit(batch);
  writes[0]!.resolve();
  await turn();
  expect(heightsIn(writes[1]!.batch)).toEqual([20]);
});

it("runs at most the given number of commits of a chain at once, and chains independently", async () => {
  const { committer, writes } = createBench({ parallel: 2 });
  for (const height of [1, 2, 3]) void committer.commit(batchOf(height));
  const other = { network: "test", chainId: "other" };
  void committer.commit({ chain: other, heights: chainData(1, 1, { chain: other }) });
  expect(writes.map(({ batch }) => batch.chain.chainId)).toEqual(["test-1", "test-1", "other"]);
  writes[0]!.resolve();
  await turn();
  expect(writes).toHaveLength(4);
});

it("retries while the database is unavailable, until its time limit", async () => {
  const { committer, writes, clock } = createBench({ patienceMs: 3_000 });
  const unavailable = new IndexerError("OVERLOADED", "The database is unavailable.");
  const result = committer.commit(batchOf(1));
  const failed = expect(result).rejects.toBe(unavailable);
  let rejected = 0;
  for (let round = 0; round < 40; round += 1) {
    while (rejected < writes.length) writes[rejected++]!.reject(unavailable);
    await clock.advance(100);
  }
  await failed;
  expect(writes.length).toBeGreaterThan(3);
  expect(clock.sleepers).toBe(0);
});

it("succeeds after the database is available again, and does not retry other errors", async () => {
  const metrics = createMetrics({ processMetrics: false });
  const { committer, writes, clock } = createBench({ metrics });
  const result = committer.commit(batchOf(1));
  writes[0]!.reject(new IndexerError("OVERLOADED", "The database is unavailable."));
  await clock.advance(200);
  writes[1]!.resolve();
  expect(await result).toEqual(noChange);
  await turn();
  const rejectedBatch = committer.commit(batchOf(2));
  writes[2]!.reject(new Error("invalid"));
  await expect(rejectedBatch).rejects.toThrow("invalid");
  expect(writes).toHaveLength(3);
  const label = `chain="${chainName(testChain)}"`;
  expect((await metrics.metrics()).match(/^indexer_commit_failures_total.*$/gm)).toEqual([
    `indexer_commit_failures_total{${label},reason="OVERLOADED"} 1`,
    `indexer_commit_failures_total{${label},reason="INTERNAL"} 1`,
  ]);
});

it("commits the parts of merged batches together, and a single batch unchanged", async () => {
  const { committer, writes } = createBench();
  const [partial] = chainData(3, 3).map(({ block, transactions }) => ({
    block,
    transaction: transactions[0]!,
  }));
  const alone = batchOf(1);
  const first = batchOf(2);
  const progress = (height: number) => ({
    lease: { id: String(height), token: 1n },
    heights: [height],
    transactions: 1,
  });
  const results = [
    alone,
    { ...first, quarantined: [{ height: 4, error: "undecodable" }], progress: [progress(2)] },
    { chain: testChain, heights: [], partialBlocks: [partial!], progress: [progress(3)] },
  ].map((batch) => committer.commit(batch));
  writes[0]!.resolve();
  await turn();
  expect(writes[0]!.batch).toBe(alone);
  expect(writes[1]!.batch).toEqual({
    chain: testChain,
    heights: first.heights,
    partialBlocks: [partial],
    quarantined: [{ height: 4, error: "undecodable" }],
    progress: [progress(2), progress(3)],
  });
  writes[1]!.resolve();
  await Promise.all(results);
});

it("refuses a height again in a later batch of the commit, whatever the part that has it", async () => {
  const { committer, writes } = createBench();
  void committer.commit(batchOf(1));
  void committer.commit({
    chain: testChain,
    heights: [],
    quarantined: [{ height: 2, error: "undecodable" }],
  });
  void committer.commit(batchOf(3, 4));
  void committer.commit(batchOf(2));
  void committer.commit(batchOf(5));
  writes[0]!.resolve();
  await turn();
  expect(heightsIn(writes[1]!.batch)).toEqual([3, 4]);
  writes[1]!.resolve();
  await turn();
  expect(heightsIn(writes[2]!.batch)).toEqual([2, 5]);
});

it("merges small batches up to 2000 blocks and transactions by default", async () => {
  const { committer, writes } = createBench();
  void committer.commit(batchOf(1));
  void committer.commit(batchOf(10, 10, 1_997));
  for (const height of [11, 12]) void committer.commit(batchOf(height, height, 0));
  void committer.commit(batchOf(13, 13, 0));
  writes[0]!.resolve();
  await turn();
  expect(heightsIn(writes[1]!.batch)).toEqual([10, 11, 12]);
});

it("runs two commits of a chain at once by default", () => {
  const writes: WriteBatch[] = [];
  const committer = createCommitter({
    store: { write: (batch) => new Promise(() => void writes.push(batch)) },
    pubsub: { publish: async () => {} },
    clock: createManualClock(),
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
  });
  for (const height of [1, 2, 3]) void committer.commit(batchOf(height));
  expect(writes.map(heightsIn)).toEqual([[1], [2]]);
});

it("keeps its limit of concurrent commits after one of them ends before the others", async () => {
  const { committer, writes } = createBench({ parallel: 2 });
  for (const height of [1, 2]) void committer.commit(batchOf(height));
  writes[0]!.resolve();
  await turn();
  for (const height of [3, 4, 5]) void committer.commit(batchOf(height));
  await turn();
  expect(writes.map(({ batch }) => heightsIn(batch))).toEqual([[1], [2], [3]]);
  writes[2]!.resolve();
  await turn();
  expect(writes.slice(3).map(({ batch }) => heightsIn(batch))).toEqual([[4, 5]]);
});

it("starts again after all commits of a chain ended", async () => {
  const { committer, writes } = createBench();
  for (let at = 0; at < 3; at += 1) {
    const result = committer.commit(batchOf(at));
    expect(writes).toHaveLength(at + 1);
    writes[at]!.resolve();
    await result;
    await turn();
  }
});

it("counts commits, blocks, transactions, replaced heights and seconds per chain, and logs replaced heights", async () => {
  const metrics = createMetrics({ processMetrics: false });
  const clock = createManualClock();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: "info",
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const published: [string, string][] = [];
  let replaced: readonly number[] = [];
  const { committer } = createBench({
    metrics,
    clock,
    logger,
    pubsub: { publish: async (topic, payload) => void published.push([topic, payload]) },
    store: {
      write: async () => {
        await clock.sleep(1_500);
        return { blocks: 3, transactions: 7, replaced, unlinked: [] };
      },
    },
  });
  const valueOf = async (name: string): Promise<unknown> =>
    (await metrics.getSingleMetric(name)?.get())?.values.map(({ value, labels }) => [labels, value]);
  const chain = { chain: "test/test-1" };

  const first = committer.commit(batchOf(1));
  await clock.advance(1_500);
  expect(await first).toEqual({ blocks: 3, transactions: 7, replaced: [], unlinked: [] });
  expect(lines).toEqual([]);
  expect(await valueOf("indexer_replaced_heights_total")).toEqual([]);

  replaced = [4, 5];
  const second = committer.commit(batchOf(2));
  await clock.advance(1_500);
  await second;
  expect(lines).toMatchObject([{ level: "info", chain: "test/test-1", heights: [4, 5] }]);
  expect(await valueOf("indexer_commits_total")).toEqual([[chain, 2]]);
  expect(await valueOf("indexer_stored_blocks_total")).toEqual([[chain, 6]]);
  expect(await valueOf("indexer_stored_transactions_total")).toEqual([[chain, 14]]);
  expect(await valueOf("indexer_replaced_heights_total")).toEqual([[chain, 2]]);
  expect(await valueOf("indexer_store_seconds_total")).toEqual([[chain, 3]]);
  expect(published).toEqual([
    ["announced", "test/test-1"],
    ["announced", "test/test-1"],
  ]);
});

it("succeeds and logs a warning if the wake-up cannot be published", async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: "warn",
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const { committer, writes } = createBench({
    logger,
    pubsub: { publish: () => Promise.reject(new Error("no connection")) },
  });
  const result = committer.commit(batchOf(1));
  writes[0]!.resolve();
  expect(await result).toEqual(noChange);
  await turn();
  expect(lines).toMatchObject([{ level: "warn", chain: "test/test-1", error: { message: "no connection" } }]);
});

it("waits longer before each retry, logs each one, and gives up after 15 s by default", async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: "warn",
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const unavailable = new IndexerError("OVERLOADED", "The database is unavailable.");
  const clock = createManualClock();
  const attempts: number[] = [];
  const start = clock.monotonic();
  const { committer } = createBench({
    clock,
    logger,
    store: {
      write: () => {
        attempts.push(clock.monotonic() - start);
        return Promise.reject(unavailable);
      },
    },
  });
  let failedAt = -1;
  const failed = committer.commit(batchOf(1)).catch((error: unknown) => {
    failedAt = clock.monotonic() - start;
    return error;
  });
  await clock.advance(20_000);
  expect(await failed).toBe(unavailable);
  const waits = attempts.slice(1).map((at, index) => at - attempts[index]!);
  [200, 400, 800, 1_600, 2_000, 2_000].forEach((whole, index) => {
    expect(waits[index]).toBeGreaterThanOrEqual(whole / 2);
    expect(waits[index]).toBeLessThanOrEqual(whole);
  });
  expect(failedAt).toBe(attempts.at(-1));
  expect(failedAt).toBeGreaterThan(12_999);
  expect(failedAt).toBeLessThanOrEqual(15_000);
  expect(lines.map(({ attempt }) => attempt)).toEqual(waits.map((_wait, index) => index));
  expect(lines[0]).toMatchObject({ level: "warn", error: { message: "The database is unavailable." } });
});

it("fails a batch at once, without a retry or a log, if the store refuses it", async () => {
  const { committer, writes, published, clock } = createBench();
  const invalid = new IndexerError("BAD_USER_INPUT", "invalid");
  const result = committer.commit(batchOf(1));
  writes[0]!.reject(invalid);
  await expect(result).rejects.toBe(invalid);
  expect([writes.length, published.length, clock.sleepers]).toEqual([1, 0, 0]);
});

it("does not wait for the wake-up, which may be late", async () => {
  const { committer, writes } = createBench({ pubsub: { publish: () => new Promise(() => {}) } });
  for (const height of [1, 2]) {
    const result = committer.commit(batchOf(height));
    writes.at(-1)!.resolve();
    expect(await result).toEqual(noChange);
    await turn();
  }
  expect(writes).toHaveLength(2);
});
