// Watching over a store and announcements that the test controls.
import { expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import type { HeightRange } from "../domain/height.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { Announcement, StoredTransaction, TransactionColumns } from "../store/port.js";
import { blockData, testChain } from "../testing/chain-data.js";
import { collect } from "../testing/collect.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createWatch } from "./watch.js";

const columns: TransactionColumns = { events: false, raw: false, rawLog: false };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const otherChain: ChainRef = { network: "test", chainId: "other" };

function createBench() {
  const listeners = new Set<(announcement: Announcement) => void>();
  const reads: { kind: string; chain: ChainRef; heights: unknown; columns?: TransactionColumns }[] = [];
  const direct = createDirectWorkers([]);
  const clock = createManualClock();
  let workerListeners = 0;
  const transactionsOf = (chain: ChainRef, { from, to }: HeightRange): StoredTransaction[] =>
    Array.from({ length: to - from + 1 }, (_, offset) => blockData(from + offset, { chain }))
      .flatMap(({ transactions }) => transactions)
      .map((each) => ({ ...each, types: ["send"], parties: [], senders: [], recipients: [] }));
  const watch = createWatch({
    store: {
      blocksAt: async (chain, heights) => {
        reads.push({ kind: "blocks", chain, heights });
        return heights.map((height) => blockData(height, { chain }).block);
      },
      transactionsAt: async (chain, heights, given) => {
        reads.push({ kind: "transactions", chain, heights, columns: given });
        return heights.flatMap((range) => transactionsOf(chain, range));
      },
    },
    announcements: {
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    workers: {
      ...direct.workers,
      onChange: (listener) => {
        workerListeners += 1;
        const stop = direct.workers.onChange(listener);
        return () => {
          workerListeners -= 1;
          stop();
        };
      },
    },
    clock,
  });
  const announce = (heights: readonly HeightRange[], chain = testChain): void => {
    const announcement = { chain, sequence: 1n, heights };
    for (const listener of listeners) listener(announcement);
  };
  const controller = new AbortController();
  return {
    watch,
    reads,
    direct,
    clock,
    listeners,
    announce,
    controller,
    signal: controller.signal,
    workerListeners: () => workerListeners,
  };
}

/** Collects the items of a watch while it runs. */
function collected<T>(items: AsyncIterable<T>): { readonly items: T[]; readonly end: Promise<void> } {
  const list: T[] = [];
  const end = (async () => {
    for await (const item of items) list.push(item);
  })();
  return { items: list, end };
}

it("loads the blocks of an announcement in pieces of 100 heights, in order", async () => {
  const { watch, reads, announce, controller, signal } = createBench();
  const blocks = collected(watch.watchBlocks(undefined, signal));
  announce([
    { from: 1, to: 101 },
    { from: 200, to: 200 },
  ]);
  await turn();
  const hundred = Array.from({ length: 100 }, (_, offset) => offset + 1);
  expect(reads).toEqual([
    { kind: "blocks", chain: testChain, heights: hundred },
    { kind: "blocks", chain: testChain, heights: [101] },
    { kind: "blocks", chain: testChain, heights: [200] },
  ]);
  expect(blocks.items.map(({ height }) => height)).toEqual([...hundred, 101, 200]);
  controller.abort();
  await blocks.end;
});

it("loads an announcement once for all callers with the same columns", async () => {
  const { watch, reads, announce, controller, signal } = createBench();
  const raw = { ...columns, raw: true };
  const watches = [
    collected(watch.watchBlocks(undefined, signal)),
    collected(watch.watchBlocks(testChain, signal)),
    collected(watch.watchTransactions({}, columns, signal)),
    collected(watch.watchTransactions({ types: { any: ["send"] } }, { ...columns }, signal)),
    collected(watch.watchTransactions({}, raw, signal)),
    collected(watch.watchTransactions({}, { ...columns, events: true }, signal)),
    collected(watch.watchTransactions({}, { ...columns, rawLog: true }, signal)),
  ];
  announce([{ from: 5, to: 5 }]);
  await turn();
  expect(watches.map(({ items }) => items.length)).toEqual([1, 1, 2, 2, 2, 2, 2]);
  expect(reads.filter(({ kind }) => kind === "blocks")).toHaveLength(1);
  expect(
    reads.filter(({ kind }) => kind === "transactions").map((read) => [read.heights, read.columns]),
  ).toEqual(
    [columns, raw, { ...columns, events: true }, { ...columns, rawLog: true }].map((each) => [
      [{ from: 5, to: 5 }],
      each,
    ]),
  );
  announce([{ from: 6, to: 6 }]);
  await turn();
  expect(reads.filter(({ kind }) => kind === "blocks")).toHaveLength(2);
  controller.abort();
  await Promise.all(watches.map(({ end }) => end));
});

it("reports the blocks of the given chain only, and does not load other chains", async () => {
  const { watch, reads, announce, controller, signal } = createBench();
  const blocks = collected(watch.watchBlocks(testChain, signal));
  announce([{ from: 1, to: 1 }], otherChain);
  announce([{ from: 2, to: 2 }]);
  await turn();
  expect(blocks.items.map(({ chain, height }) => [chain.chainId, height])).toEqual([["test-1", 2]]);
  expect(reads).toHaveLength(1);
  controller.abort();
  await blocks.end;
});

it.each([
  [{}, ["test-1", "other"]],
  [{ network: "test" }, ["test-1", "other"]],
  [{ network: "elsewhere" }, []],
  [{ chainIds: ["other"] }, ["other"]],
  [{ network: "test", chainIds: ["test-1"] }, ["test-1"]],
  [{ network: "elsewhere", chainIds: ["test-1"] }, []],
])("loads only the chains that the filter %j can match", async (filter, loaded) => {
  const { watch, reads, announce, controller, signal } = createBench();
  const transactions = collected(watch.watchTransactions(filter, columns, signal));
  announce([{ from: 1, to: 1 }]);
  announce([{ from: 1, to: 1 }], otherChain);
  await turn();
  expect(reads.map(({ chain }) => chain.chainId)).toEqual(loaded);
  expect(transactions.items.map(({ chain }) => chain.chainId)).toEqual(loaded.flatMap((id) => [id, id]));
  controller.abort();
  await transactions.end;
});

it("reports only the transactions that match the filter", async () => {
  const { watch, announce, controller, signal } = createBench();
  const transactions = collected(watch.watchTransactions({ hasErrors: true }, columns, signal));
  announce([{ from: 1, to: 2 }]);
  await turn();
  expect(transactions.items.map(({ height, index }) => [height, index])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  controller.abort();
  await transactions.end;
});

it("listens while it is read, and stops after an abort or when its caller leaves", async () => {
  const { watch, listeners, announce, controller, signal } = createBench();
  const aborted = collected(watch.watchBlocks(undefined, signal));
  expect(listeners.size).toBe(1);
  const left = watch.watchBlocks(undefined, signal)[Symbol.asyncIterator]();
  const first = left.next();
  expect(listeners.size).toBe(2);
  announce([{ from: 1, to: 1 }]);
  expect(await first).toMatchObject({ done: false, value: { height: 1 } });
  await left.return!();
  expect(listeners.size).toBe(1);
  controller.abort();
  await aborted.end;
  expect(listeners.size).toBe(0);
});

it("ends at once, without listening, if the signal is aborted", async () => {
  const { watch, listeners, controller, signal } = createBench();
  controller.abort();
  expect(await collect(watch.watchBlocks(undefined, signal))).toEqual([]);
  expect(listeners.size).toBe(0);
});

it("removes its abort listener when its caller leaves", async () => {
  const { watch, announce, signal } = createBench();
  const added: unknown[] = [];
  const removed: unknown[] = [];
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => (added.push(given[1]), add(...given));
  signal.removeEventListener = (...given: Parameters<typeof remove>) => (
    removed.push(given[1]),
    remove(...given)
  );
  const blocks = watch.watchBlocks(undefined, signal)[Symbol.asyncIterator]();
  const first = blocks.next();
  announce([{ from: 1, to: 1 }]);
  await first;
  await blocks.return!();
  expect(added).toHaveLength(1);
  expect(removed).toEqual(added);
});

it("ends with OVERLOADED after the waiting announcements if more than 1024 wait", async () => {
  const { watch, announce, signal } = createBench();
  const blocks = watch.watchBlocks(undefined, signal)[Symbol.asyncIterator]();
  const first = blocks.next();
  announce([{ from: 0, to: 0 }]);
  await first;
  for (let height = 1; height <= 1_024; height += 1) announce([{ from: height, to: height }]);
  announce([{ from: 2_000, to: 2_000 }]);
  for (let height = 1; height <= 1_024; height += 1) {
    expect(await blocks.next()).toMatchObject({ value: { height } });
  }
  await expect(blocks.next()).rejects.toMatchObject({ code: "OVERLOADED", facts: { limit: 1_024 } });
});

it.each(["hash", "blockHash", "memo"] as const)("names the refused part %s of a filter", (name) => {
  const { watch, signal } = createBench();
  expect(() => watch.watchTransactions({ [name]: "x" }, columns, signal)).toThrow(
    expect.objectContaining({ code: "BAD_USER_INPUT", facts: { argument: `filter.${name}` } }),
  );
});

it.each([
  [{}, ["a", "b", "c"]],
  [{ network: "test" }, ["a", "b"]],
  [{ chainId: "test-1" }, ["a", "c"]],
  [{ network: "test", chainId: "test-1" }, ["a"]],
])("reports the workers that %j names, at start and on a change", async (filter, expected) => {
  const { watch, direct, clock, controller, signal } = createBench();
  const report = (inFlight: number): void => {
    direct.report({ chain: testChain, workerId: "a", inFlight });
    direct.report({ chain: otherChain, workerId: "b", inFlight });
    direct.report({ chain: { network: "elsewhere", chainId: "test-1" }, workerId: "c", inFlight });
  };
  const ids = (statuses: readonly WorkerStatus[]): string[] =>
    statuses.map(({ workerId }) => workerId).sort();
  const workers = collected(watch.watchWorkers(filter, signal));
  await turn();
  report(1);
  await clock.advance(250);
  expect(ids(workers.items)).toEqual(expected);
  report(2);
  await clock.advance(250);
  expect(ids(workers.items.slice(expected.length))).toEqual(expected);
  expect(workers.items.slice(expected.length).every(({ inFlight }) => inFlight === 2)).toBe(true);
  controller.abort();
  await workers.end;
});

it("reports workers of different chains that have the same id", async () => {
  const { watch, direct, clock, controller, signal } = createBench();
  const report = (inFlight: number): void => {
    for (const chain of [testChain, otherChain]) direct.report({ chain, inFlight });
  };
  report(1);
  const workers = collected(watch.watchWorkers({}, signal));
  await clock.advance(250);
  report(2);
  await clock.advance(250);
  expect(workers.items.map(({ chain, inFlight }) => [chain.chainId, inFlight])).toEqual([
    ["test-1", 1],
    ["other", 1],
    ["test-1", 2],
    ["other", 2],
  ]);
  controller.abort();
  await workers.end;
});

it("reports each change of a worker once, and waits without a timer while nothing changes", async () => {
  const { watch, direct, clock, controller, signal, workerListeners } = createBench();
  direct.report({ chain: testChain, inFlight: 1 });
  const workers = collected(watch.watchWorkers({}, signal));
  await clock.advance(10_000);
  expect(workers.items.map(({ inFlight }) => inFlight)).toEqual([1]);
  expect(clock.sleepers).toBe(0);
  expect(workerListeners()).toBe(1);
  direct.report({ chain: testChain, inFlight: 2 });
  await turn();
  expect(workers.items.map(({ inFlight }) => inFlight)).toEqual([1, 2]);
  controller.abort();
  await workers.end;
  expect(workerListeners()).toBe(0);
  direct.report({ chain: testChain, inFlight: 3 });
  await turn();
  expect(workers.items).toHaveLength(2);
});
