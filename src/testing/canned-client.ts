// A client over two chains in memory, for tests of the layers above the client. Filters by chain, height and hash only:
// the tests of the store cover all filters.
import { validateFetchRequest } from "../client/fetch.js";
import type { Client } from "../client/port.js";
import { rejectSearchOnlyFilters } from "../client/watch.js";
import type { Block } from "../domain/block.js";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { subtractRanges, totalHeights } from "../domain/height.js";
import type { TransactionFilter } from "../domain/search.js";
import type { WorkerStatus } from "../domain/worker.js";
import { createQueue, type Queue } from "../lib/queue.js";
import type { ChainRecord, StoredTransaction } from "../store/port.js";
import {
  cannedBlock,
  cannedTransactions,
  cannedWorker,
  demo,
  genesis,
  perBlock,
  second,
  stored,
} from "./canned-data.js";
import { cannedFetch } from "./canned-fetch.js";
import { createCannedRuns } from "./canned-runs.js";
import { cannedSchedules } from "./canned-schedules.js";
import { cutPage, selectColumns, meetsBounds } from "./canned-search.js";

/** A recorded call of the client. */
export interface RecordedCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The client with controls for tests. */
export interface CannedClient extends Client {
  /** All calls, in order. */
  readonly calls: RecordedCall[];
  /** Delivers a block to all block watches. */
  announce(block: Block): void;
  /** Delivers a transaction to all transaction watches. */
  announceTransaction(transaction: StoredTransaction): void;
  /** Delivers a worker's state to all worker watches. */
  announceWorker(worker: WorkerStatus): void;
  /** The number of open watches and fetches. */
  readonly open: () => number;
  /** Makes the next call with this name throw the error. */
  fail(name: string, error: unknown): void;
  /** Changes the hash of the block at a height, like a reorganisation. */
  reorganise(height: number): void;
}

/** Creates a client with the chains `demo` and `second`. */
export function createCannedClient(): CannedClient {
  const chains = [demo, second];
  const calls: RecordedCall[] = [];
  const failures = new Map<string, unknown>();
  const forks = new Map<number, string>();
  const watchers = {
    blocks: new Set<Queue<Block>>(),
    transactions: new Set<Queue<StoredTransaction>>(),
    workers: new Set<Queue<WorkerStatus>>(),
  };
  let fetching = 0;

  const called = (name: string, ...args: readonly unknown[]): void => {
    calls.push({ name, args });
    if (!failures.has(name)) return;
    const failure = failures.get(name);
    failures.delete(name);
    throw failure;
  };
  const counted = async function* <T>(events: AsyncIterable<T>): AsyncGenerator<T> {
    fetching += 1;
    try {
      yield* events;
    } finally {
      fetching -= 1;
    }
  };
  const blockAt = (chain: ChainRef, height: number): Block => cannedBlock(chain, height, forks.get(height));
  const heights = Array.from({ length: stored }, (_, index) => index + 1);
  const allBlocks = (): Block[] => chains.flatMap((chain) => heights.map((height) => blockAt(chain, height)));
  const matching = (filter: TransactionFilter): StoredTransaction[] =>
    allBlocks()
      .flatMap(cannedTransactions)
      .filter(
        (each) =>
          (filter.network ?? each.chain.network) === each.chain.network &&
          (filter.chainIds?.includes(each.chain.chainId) ?? true) &&
          meetsBounds(each.height, filter.heights) &&
          (filter.hash ?? each.hash) === each.hash &&
          (filter.blockHash ?? each.blockHash) === each.blockHash,
      );
  const record = (chain: ChainRef): ChainRecord => ({
    chain,
    firstHeight: 1,
    head: blockAt(chain, stored),
    networkHead: { height: stored + 5, observedAt: genesis },
    quarantined: 2,
  });

  return {
    calls,
    database: "canned",
    pubsub: "memory",
    chains: async (network) => {
      called("chains", network);
      return chains.filter((chain) => (network ?? chain.network) === chain.network).map(record);
    },
    chain: async (chain) => {
      called("chain", chain);
      const found = chains.find((each) => sameChain(each, chain));
      return found === undefined ? null : record(found);
    },
    waitForHeight: async (chain, height) => {
      called("waitForHeight", chain, height);
      if (height <= stored) return;
      throw new IndexerError("NOT_YET_INDEXED", `${chainName(chain)} is stored up to ${stored}.`, {
        height: stored,
        chain: chainName(chain),
      });
    },
    blocksAt: async (chain, wanted) => {
      called("blocksAt", chain, wanted);
      return allBlocks().filter((block) => sameChain(block.chain, chain) && wanted.includes(block.height));
    },
    blockByHash: async (chain, hash) => {
      called("blockByHash", chain, hash);
      return allBlocks().find((block) => sameChain(block.chain, chain) && block.hash === hash) ?? null;
    },
    blocks: async (filter, page) => {
      called("blocks", filter, page);
      const found = allBlocks().filter(
        (block) => sameChain(block.chain, filter.chain) && meetsBounds(block.height, filter.heights),
      );
      return cutPage(found, page, (block) => block.height * 1000);
    },
    countBlocks: async (filter, exact) => {
      called("countBlocks", filter, exact);
      return { value: BigInt(stored), exact };
    },
    transactionByHash: async (chain, hash, columns) => {
      called("transactionByHash", chain, hash, columns);
      const found = matching({}).find((each) => sameChain(each.chain, chain) && each.hash === hash);
      return found === undefined ? null : selectColumns(found, columns);
    },
    transactions: async (filter, page, columns) => {
      called("transactions", filter, page, columns);
      const cut = cutPage(matching(filter), page, ({ height, index }) => height * 1000 + index);
      return { ...cut, items: cut.items.map((item) => selectColumns(item, columns)) };
    },
    countTransactions: async (filter, exact) => {
      called("countTransactions", filter, exact);
      return { value: BigInt(matching(filter).length), exact };
    },
    indexed: async (chain, range) => {
      called("indexed", chain, range);
      return [{ from: Math.max(1, range?.from ?? 1), to: Math.min(stored, range?.to ?? stored) }];
    },
    coverage: async (chain, range) => {
      called("coverage", chain, range);
      const missingBlocks = subtractRanges(range, [{ from: 1, to: stored }]);
      const blocks = BigInt(range.to - range.from + 1 - totalHeights(missingBlocks));
      return {
        range,
        complete: missingBlocks.length === 0,
        blocks,
        transactions: blocks * BigInt(perBlock),
        missingBlocks,
        missingTransactions: [],
      };
    },
    fetch: (request, signal) => {
      validateFetchRequest(request);
      called("fetch", request);
      return counted(cannedFetch(request, signal));
    },
    retryQuarantined: () => Promise.resolve(0),
    scrapeLatest: async (request) => {
      called("scrapeLatest", request);
      const head = blockAt(request.chain, stored);
      return { blocks: 3, transactions: 6, behind: false, processing: false, head };
    },
    ...cannedSchedules(called),
    workers: (filter) => {
      called("workers", filter);
      return (filter?.network ?? "demo") === "demo" && (filter?.chainId ?? "demo-1") === "demo-1"
        ? [cannedWorker]
        : [];
    },
    watchBlocks: (chain, signal) => {
      called("watchBlocks", chain);
      return watch(watchers.blocks, signal, []);
    },
    watchTransactions: (filter, columns, signal) => {
      rejectSearchOnlyFilters(filter);
      called("watchTransactions", filter, columns);
      return watch(watchers.transactions, signal, []);
    },
    watchWorkers: (filter, signal) => {
      called("watchWorkers", filter);
      return watch(watchers.workers, signal, [cannedWorker]);
    },
    ...createCannedRuns(),
    ready: async () => called("ready"),
    announce: (block) => {
      for (const queue of watchers.blocks) queue.push(block);
    },
    announceTransaction: (transaction) => {
      for (const queue of watchers.transactions) queue.push(transaction);
    },
    announceWorker: (worker) => {
      for (const queue of watchers.workers) queue.push(worker);
    },
    open: () => fetching + watchers.blocks.size + watchers.transactions.size + watchers.workers.size,
    fail: (name, error) => void failures.set(name, error),
    reorganise: (height) => void forks.set(height, "-fork"),
  };
}

async function* watch<T>(
  watchers: Set<Queue<T>>,
  signal: AbortSignal,
  first: readonly T[],
): AsyncGenerator<T> {
  const queue = createQueue<T>();
  for (const item of first) queue.push(item);
  watchers.add(queue);
  const end = (): void => queue.end();
  signal.addEventListener("abort", end);
  try {
    yield* queue;
  } finally {
    signal.removeEventListener("abort", end);
    watchers.delete(queue);
  }
}
