import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { participation, type BlockData } from "../../domain/transaction.js";
import { createManualClock } from "../../testing/manual-clock.js";
import type { ChainReader } from "../port.js";
import { createDemoChain } from "./demo-chain.js";
import type { DemoOptions } from "./options.js";
import { blockIndex, createHashes } from "./random.js";

const signal = new AbortController().signal;
const chain = { network: "demo", chainId: "demo-1" };
const genesis = 1_700_000_000_000;

/** Creates a chain of 10,000 blocks that does not grow. */
function createStaticChain(options: DemoOptions = {}): ChainReader {
  return createDemoChain({ ratePerSecond: 0, initialHeights: 10_000, genesis, ...options });
}

async function resultsOf(reader: ChainReader, request: TaskRequest): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  for await (const result of reader.execute(request, signal)) results.push(result);
  return results;
}

/** Returns the results up to the failure, and the failure. */
async function untilFailure(
  reader: ChainReader,
  request: TaskRequest,
): Promise<{ results: TaskResult[]; failure: TaskFailure }> {
  const results: TaskResult[] = [];
  try {
    for await (const result of reader.execute(request, signal)) results.push(result);
  } catch (error) {
    if (error instanceof TaskFailure) return { results, failure: error };
    throw error;
  }
  throw new Error("the task did not fail");
}

async function blocks(reader: ChainReader, from: number, to: number): Promise<BlockData[]> {
  const results = await resultsOf(reader, { kind: "heights", chain, range: { from, to } });
  return results.flatMap((result) => (result.kind === "height" ? [result] : []));
}

async function latest(reader: ChainReader, limit: number, height?: number): Promise<number[]> {
  const after = height === undefined ? {} : { after: { height } };
  const results = await resultsOf(reader, { kind: "latest", chain, limit, ...after });
  return results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
}

describe("a demo chain", () => {
  it("returns the same block for a height, regardless of earlier reads", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 0, max: 20 }),
        async (seed, from, back) => {
          const options = { seed, accounts: 20, transactionsPerBlock: 3 };
          const [first, second] = [createStaticChain(options), createStaticChain(options)];
          await blocks(second, Math.max(1, from - back), from);
          expect(await blocks(second, from, from + 3)).toEqual(await blocks(first, from, from + 3));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("returns other blocks for another seed or chain id", async () => {
    const one = await blocks(createStaticChain(), 5, 9);
    for (const other of [createStaticChain({ seed: 2 }), createStaticChain({ chainId: "demo-2" })]) {
      const hashes = (await blocks(other, 5, 9)).map(({ block }) => block.hash);
      expect(hashes).not.toEqual(one.map(({ block }) => block.hash));
    }
  });

  it("links blocks by hash, and returns consistent counts and indexes of transactions", async () => {
    const all = await blocks(createStaticChain(), 1, 2000);
    expect(all.map(({ block }) => block.height)).toEqual(Array.from({ length: 2000 }, (_, at) => at + 1));
    expect(all[0]?.block.parentHash).toBeUndefined();
    for (const [at, { block, transactions }] of all.entries()) {
      if (at > 0) expect(block.parentHash).toBe(all[at - 1]?.block.hash);
      expect(transactions).toHaveLength(block.transactionCount);
      for (const [index, transaction] of transactions.entries()) {
        expect(transaction).toMatchObject({
          index,
          height: block.height,
          blockHash: block.hash,
          time: block.time,
        });
      }
    }
    const hashes = all.flatMap(({ block, transactions }) => [
      block.hash,
      ...transactions.map(({ hash }) => hash),
    ]);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("contains several types, failed transactions, and a few very active accounts", async () => {
    const all = (await blocks(createStaticChain(), 1, 2000)).flatMap(({ transactions }) => transactions);
    expect(all.length).toBeGreaterThan(8000);
    const types = new Set(all.flatMap(({ events }) => participation(events).types));
    expect([...types].sort()).toEqual([
      "begin_unbonding",
      "delegate",
      "multisend",
      "send",
      "vote",
      "withdraw_delegator_reward",
    ]);
    const failed = all.filter(({ hasErrors }) => hasErrors);
    expect(failed.length / all.length).toBeGreaterThan(0.02);
    expect(failed.every(({ events }) => events[0]?.sub[0]?.error !== undefined)).toBe(true);
    const counts = new Map<string, number>();
    for (const { events } of all) {
      for (const party of participation(events).parties) counts.set(party, (counts.get(party) ?? 0) + 1);
    }
    const accounts = [...counts].filter(([id]) => !id.startsWith("demovaloper")).map(([, count]) => count);
    accounts.sort((a, b) => b - a);
    expect(accounts.length).toBeGreaterThan(250);
    expect(accounts[0] ?? 0).toBeGreaterThan(20 * (accounts[150] ?? 0));
  });

  it("has raw bytes of the configured length", async () => {
    const all = (await blocks(createStaticChain({ payloadBytes: 5000 }), 1, 20)).flatMap(
      ({ transactions }) => transactions,
    );
    expect(new Set(all.map(({ raw }) => raw?.length))).toEqual(new Set([5000]));
  });

  it("grows with the clock, with matching block times", async () => {
    const clock = createManualClock(genesis);
    const reader = createDemoChain({ clock, genesis, ratePerSecond: 4, initialHeights: 100 });
    expect((await reader.head(signal)).height).toBe(100);
    await clock.advance(10_000);
    const grown = await reader.head(signal);
    expect(grown.height).toBe(140);
    const lag = BigInt(clock.now()) * 1_000_000n - (grown.time ?? 0n);
    expect(lag >= -1_000_000n && lag < 250_000_000n).toBe(true);
  });

  it("replaces the blocks before each reorganisation height when the head reaches it, and links them", async () => {
    const clock = createManualClock(genesis);
    const reader = createDemoChain({
      clock,
      genesis,
      ratePerSecond: 1,
      initialHeights: 99,
      reorg: { every: 50, depth: 5 },
    });
    const before = await blocks(reader, 80, 99);
    await clock.advance(1000);
    const after = await blocks(reader, 80, 100);
    const changed = before.filter(({ block }, at) => block.hash !== after[at]?.block.hash);
    expect(changed.map(({ block }) => block.height)).toEqual([95, 96, 97, 98, 99]);
    for (const chained of [before, after]) {
      for (const [at, { block }] of chained.entries()) {
        if (at > 0) expect(block.parentHash).toBe(chained[at - 1]?.block.hash);
      }
    }
    const replaced = changed.flatMap(({ transactions }) => transactions)[0];
    const request: TaskRequest = { kind: "transaction", chain, hash: replaced?.hash ?? "" };
    expect((await untilFailure(reader, request)).failure.details.type).toBe("not_found");
    expect(await blocks(reader, 95, 100)).toEqual(after.slice(15));
  });

  it("rejects a reorganisation whose depth is out of range", () => {
    expect(() => createStaticChain({ reorg: { every: 5, depth: 5 } })).toThrow(RangeError);
  });
});

describe("tasks of a demo chain", () => {
  it("finds every transaction by its hash, in lower or upper case", async () => {
    const reader = createStaticChain();
    for (const { block, transactions } of await blocks(reader, 4990, 5010)) {
      for (const transaction of transactions) {
        for (const hash of [transaction.hash, transaction.hash.toUpperCase()]) {
          const results = await resultsOf(reader, { kind: "transaction", chain, hash });
          expect(results).toEqual([{ kind: "transaction", block, transaction }]);
        }
      }
    }
  });

  it.each(["", "abc", "f".repeat(64), "0x" + "1".repeat(62)])(
    "reports not_found for the transaction '%s'",
    async (hash) => {
      const { failure } = await untilFailure(createStaticChain(), { kind: "transaction", chain, hash });
      expect(failure).toMatchObject({ retry: "never", details: { type: "not_found" } });
    },
  );

  it("reports not_found for a block's hash", async () => {
    const hash = (await createStaticChain().head(signal)).hash ?? "";
    const { failure } = await untilFailure(createStaticChain(), { kind: "transaction", chain, hash });
    expect(failure.retry).toBe("never");
  });

  it("yields the latest heights after a height or up to the head, and none on a shorter chain", async () => {
    const reader = createStaticChain({ initialHeights: 20, transactionsPerBlock: 1 });
    expect(await latest(reader, 5, 10)).toEqual([11, 12, 13, 14, 15]);
    expect(await latest(reader, 100, 17)).toEqual([18, 19, 20]);
    expect(await latest(reader, 3)).toEqual([18, 19, 20]);
    expect(await latest(reader, 1000)).toHaveLength(20);
    expect(await latest(reader, 10, 20)).toEqual([]);
    expect(await latest(reader, 10, 5000)).toEqual([]);
  });

  it("yields the heights up to the head, then fails with above_head", async () => {
    const reader = createStaticChain({ initialHeights: 20 });
    const range = { from: 18, to: 25 };
    const { results, failure } = await untilFailure(reader, { kind: "heights", chain, range });
    expect(results).toHaveLength(3);
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "above_head", height: 21 } });
  });

  it("reports not_found below the first height", async () => {
    const range = { from: 0, to: 5 };
    const { failure } = await untilFailure(createStaticChain(), { kind: "heights", chain, range });
    expect(failure).toMatchObject({ retry: "never", details: { type: "not_found", height: 0 } });
  });

  it("pays exactly the pending rewards at a claim, after which none are pending", async () => {
    const reader = createStaticChain({ accounts: 7, transactionsPerBlock: 1 });
    const claims = (await blocks(reader, 1, 1000))
      .flatMap(({ transactions }) => transactions)
      .flatMap((transaction) => transaction.events.map((event) => ({ event, height: transaction.height })))
      .filter(({ event }) => event.kind === "withdraw_delegator_reward");
    expect(claims).toHaveLength(100);
    const pending = async (account: string, height: number): Promise<Map<string, bigint>> => {
      const [result] = await resultsOf(reader, { kind: "reward", chain, account, height });
      const rewards = result?.kind === "reward" ? result.rewards : [];
      return new Map(rewards.map(({ validator, amounts }) => [validator, BigInt(amounts[0]?.numeric ?? 0)]));
    };
    for (const { event, height } of claims.slice(10)) {
      for (const { node, recipient } of event.sub) {
        const account = node?.["delegator"]?.[0]?.id ?? "";
        const validator = node?.["validator"]?.[0]?.id ?? "";
        const [before, rate] = [await pending(account, height - 1), await pending(account, height + 1)];
        expect((await pending(account, height)).get(validator)).toBe(0n);
        const paid = BigInt(recipient?.[0]?.amounts[0]?.numeric ?? 0);
        expect(paid).toBe((before.get(validator) ?? 0n) + (rate.get(validator) ?? 0n));
      }
    }
  });

  it("returns the same balances and delegations each time, and empty lists for unknown accounts", async () => {
    const reader = createStaticChain();
    const [sent] = (await blocks(reader, 1, 50))
      .flatMap(({ transactions }) => transactions)
      .flatMap(({ events }) => participation(events).senders);
    for (const kind of ["balance", "delegations", "reward"] as const) {
      const known = await resultsOf(reader, { kind, chain, account: sent ?? "", height: 77 });
      expect(known).toEqual(
        await resultsOf(createStaticChain(), { kind, chain, account: sent ?? "", height: 77 }),
      );
      const [unknown] = await resultsOf(reader, { kind, chain, account: "demo1nobody", height: 77 });
      const lists = Object.values(unknown ?? {}).filter((value) => Array.isArray(value));
      expect(lists).toEqual([[]]);
      const tooHigh = await untilFailure(reader, { kind, chain, account: sent ?? "", height: 10_001 });
      expect(tooHigh.failure.details.type).toBe("above_head");
    }
  });

  it("stops on abort", async () => {
    const controller = new AbortController();
    const range = { from: 1, to: 10_000 };
    const results = createStaticChain().execute({ kind: "heights", chain, range }, controller.signal);
    const iterator = results[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort(new Error("gone"));
    await expect(iterator.next()).rejects.toThrow("gone");
  });
});

describe("faults of a demo chain", () => {
  const range = { from: 1, to: 30 };
  const request: TaskRequest = { kind: "heights", chain, range };

  it("fails at every n-th height, and continues on the next task", async () => {
    const reader = createStaticChain({ faults: { failEvery: 10 } });
    const { results, failure } = await untilFailure(reader, request);
    expect(results).toHaveLength(9);
    expect(failure).toMatchObject({ retry: "other-worker", details: { height: 10 } });
    expect(await blocks(reader, 10, 18)).toHaveLength(9);
  });

  it("fails with a rate limit at every n-th height", async () => {
    const reader = createStaticChain({ faults: { limitEvery: { heights: 5, retryAfterMs: 700 } } });
    const { failure } = await untilFailure(reader, request);
    expect(failure).toMatchObject({
      retry: "same-worker",
      details: { type: "rate_limited", retryAfterMs: 700 },
    });
  });

  it("crashes before the configured height", async () => {
    const crash = (): never => {
      throw new Error("crashed");
    };
    const seen: number[] = [];
    const reader = createStaticChain({ faults: { crashAt: { height: 7, crash } } });
    const read = async (): Promise<void> => {
      for await (const result of reader.execute(request, signal)) {
        if (result.kind === "height") seen.push(result.block.height);
      }
    };
    await expect(read()).rejects.toThrow("crashed");
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("delays the configured heights", async () => {
    const clock = createManualClock(genesis);
    const reader = createStaticChain({ clock, faults: { slow: { heights: 10, ms: 1000 } } });
    const all = blocks(reader, 1, 30);
    await clock.advance(2999);
    expect(clock.sleepers).toBe(1);
    await clock.advance(1);
    expect(await all).toHaveLength(30);
  });

  it("quarantines and miscounts only the configured heights", async () => {
    const results = await resultsOf(
      createStaticChain({ faults: { quarantineEvery: 10, miscountEvery: 7 } }),
      request,
    );
    const quarantined = results.flatMap((result) => (result.kind === "quarantine" ? [result.height] : []));
    expect(quarantined).toEqual([10, 20, 30]);
    const miscounted = results.flatMap((result) =>
      result.kind === "height" && result.block.transactionCount !== result.transactions.length
        ? [result.block.height]
        : [],
    );
    expect(miscounted).toEqual([7, 14, 21, 28]);
    expect(results).toHaveLength(30);
  });
});

describe("hashes of a demo chain", () => {
  it("encode their place", () => {
    const place = fc.record({
      height: fc.integer({ min: 0, max: 2 ** 42 }),
      index: fc.integer({ min: 0, max: blockIndex }),
      branch: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.integer(), place, (seed, at) => {
        const hashes = createHashes(seed);
        expect(hashes.placeOf(hashes.hashOf(at))).toEqual(at);
        expect(createHashes(seed + 1).placeOf(hashes.hashOf(at))).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
  });
});
