import { expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { silentLogger } from "../lib/logger.js";
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
  const { committer, writes, clock } = createBench();
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
});
