// A client over a few chains in memory, for tests of what stands in front of the client; large, since it is the whole client's
// port. Filters by chain, height and hash
// only: what the real store does is tested with the real store.
import type { Client, FetchEvent, FetchRequest } from "../client/port.js";
import type { Block } from "../domain/block.js";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { subtract, totalSize, type HeightRange } from "../domain/height.js";
import type { Bounds, Page, PageRequest, TransactionFilter } from "../domain/search.js";
import { participation, type TransactionEvent } from "../domain/transaction.js";
import type { WorkerStatus } from "../domain/worker.js";
import { createQueue, type Queue } from "../lib/queue.js";
import type { ChainRecord, StoredTransaction, TransactionColumns } from "../store/port.js";

/** The chain that most tests ask about. */
export const demo: ChainRef = { network: "demo", chainId: "demo-1" };
/** Another chain of the same network. */
export const second: ChainRef = { network: "demo", chainId: "demo-2" };

/** Heights that each chain holds: 1 to this. */
export const stored = 20;
/** Transactions of each block. */
export const perBlock = 3;

/** One call of the client. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The client, and what tests do with it. */
export interface CannedClient extends Client {
  /** What was asked, in order. */
  readonly calls: Call[];
  /** Announces to those who watch. */
  announce(block: Block): void;
  announceTransaction(transaction: StoredTransaction): void;
  announceWorker(worker: WorkerStatus): void;
  /** Watches and fetches that are open. */
  readonly open: () => number;
  /** Makes the next call of this name throw. */
  fail(name: string, error: unknown): void;
  /** Changes the hash of a block, as a reorganisation would. */
  reorganise(height: number): void;
}

const genesis = 1_600_000_000_000_000_000n;

/** A block as the client holds it. */
export function cannedBlock(chain: ChainRef, height: number, fork = ""): Block {
  return {
    chain,
    height,
    hash: `${chain.chainId}-block-${height}${fork}`,
    parentHash: `${chain.chainId}-block-${height - 1}`,
    time: genesis + BigInt(height) * 1_000_000_001n,
    proposer: "validator-1",
    transactionCount: perBlock,
  };
}

/** A transaction as the client holds it. */
export function cannedTransaction(block: Block, index: number): StoredTransaction {
  const account = { id: `account-${index}` };
  const amount = { text: "5coin", currency: "coin", numeric: "5000000000000000000000", exp: 3 };
  const events: TransactionEvent[] = [
    {
      id: "0",
      kind: "send",
      sub: [
        {
          type: ["send"],
          sender: [{ account, amounts: [amount] }],
          recipient: [{ account: { id: "receiver" }, amounts: [amount] }],
          node: { fee_payer: [account] },
          amount: { value: amount },
          additional: { note: ["a", "b"] },
          completion: "2021-03-04T05:06:07.000000008Z",
          sub: [{ type: ["inner"], error: "inner failure" }],
        },
      ],
    },
  ];
  return {
    chain: block.chain,
    hash: `${block.hash}-tx-${index}`,
    blockHash: block.hash,
    height: block.height,
    index,
    time: block.time,
    fee: [amount],
    gasWanted: 9_007_199_254_740_993n,
    gasUsed: 21_000n,
    memo: `memo ${index}`,
    hasErrors: index === 2,
    events,
    raw: Buffer.from([0, 1, 2, 255]),
    rawLog: Buffer.from("log"),
    ...participation(events),
  };
}

/** The one worker. */
export const cannedWorker: WorkerStatus = {
  workerId: "worker-1",
  chain: demo,
  version: "1.0.0",
  address: "127.0.0.1:4000",
  state: "ONLINE",
  lastSeen: 1_600_000_000_000,
  inFlight: 1,
  capacity: 8,
  tasksDone: 7,
  tasksFailed: 0,
  pingMs: 1.5,
  capabilities: ["credit", "cancel"],
};

/** Creates a client with two chains. */
export function createCannedClient(): CannedClient {
  const chains = [demo, second];
  const calls: Call[] = [];
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
  const blockAt = (chain: ChainRef, height: number): Block => cannedBlock(chain, height, forks.get(height));
  const heights = Array.from({ length: stored }, (_, index) => index + 1);
  const allBlocks = (): Block[] => chains.flatMap((chain) => heights.map((height) => blockAt(chain, height)));
  const transactionsOf = (block: Block): StoredTransaction[] =>
    [0, 1, 2].map((index) => cannedTransaction(block, index));
  const matching = (filter: TransactionFilter): StoredTransaction[] =>
    allBlocks()
      .flatMap(transactionsOf)
      .filter(
        (each) =>
          (filter.network ?? each.chain.network) === each.chain.network &&
          (filter.chainIds?.includes(each.chain.chainId) ?? true) &&
          within(each.height, filter.heights) &&
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
        (block) => sameChain(block.chain, filter.chain) && within(block.height, filter.heights),
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
      return found === undefined ? null : only(found, columns);
    },
    transactions: async (filter, page, columns) => {
      called("transactions", filter, page, columns);
      const cut = cutPage(matching(filter), page, ({ height, index }) => height * 1000 + index);
      return { ...cut, items: cut.items.map((item) => only(item, columns)) };
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
      const missingBlocks = subtract(range, [{ from: 1, to: stored }]);
      const blocks = BigInt(range.to - range.from + 1 - totalSize(missingBlocks));
      return {
        range,
        complete: missingBlocks.length === 0,
        blocks,
        transactions: blocks * BigInt(perBlock),
        missingBlocks,
        missingTransactions: [],
      };
    },
    fetch: async function* (request, signal) {
      called("fetch", request);
      fetching += 1;
      try {
        yield* cannedFetch(request, signal, transactionsOf);
      } finally {
        fetching -= 1;
      }
    },
    mendQuarantined: () => Promise.resolve(0),
    followLatest: async () => ({ blocks: 0, transactions: 0, behind: false }),
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
      called("watchTransactions", filter, columns);
      return watch(watchers.transactions, signal, []);
    },
    watchWorkers: (filter, signal) => {
      called("watchWorkers", filter);
      return watch(watchers.workers, signal, [cannedWorker]);
    },
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

/** A fetch of one part a height; the network `endless` never ends, `failing` fails after its first part. */
async function* cannedFetch(
  { chain, target }: FetchRequest,
  signal: AbortSignal,
  transactionsOf: (block: Block) => StoredTransaction[],
): AsyncGenerator<FetchEvent> {
  const fetchId = "fetch-1";
  const range: HeightRange = "heights" in target ? target.heights : { from: 7, to: 7 };
  const counts = { parts: 0, blocks: 0, transactions: 0 };
  yield { kind: "accepted", fetchId, tasks: 1, workers: [cannedWorker.workerId] };
  const endless = chain.network === "endless";
  for (let height = range.from; endless || height <= range.to; height += 1) {
    if (signal.aborted) {
      yield { kind: "final", fetchId, status: "CANCELLED", ...counts, durationMs: 1 };
      return;
    }
    if (chain.network === "failing" && counts.parts === 1) {
      const error = {
        code: "WORKER_FAILED",
        message: "The worker said no.",
        retryable: true,
        height,
      } as const;
      yield { kind: "final", fetchId, status: "FAILED", ...counts, durationMs: 1, error };
      return;
    }
    const block = cannedBlock(chain, height);
    const transactions = transactionsOf(block);
    yield {
      kind: "part",
      fetchId,
      order: counts.parts,
      worker: cannedWorker.workerId,
      blocks: [block],
      transactions,
      progress: Math.min(1, (height - range.from + 1) / (range.to - range.from + 1)),
    };
    counts.parts += 1;
    counts.blocks += 1;
    counts.transactions += transactions.length;
    // An endless fetch must leave room for whatever is to end it.
    if (endless) await new Promise((resolve) => setImmediate(resolve));
  }
  yield { kind: "final", fetchId, status: "SUCCEEDED", ...counts, durationMs: 1 };
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

function within(height: number, bounds: Bounds<number> | undefined): boolean {
  return (
    height === (bounds?.eq ?? height) &&
    height >= (bounds?.gte ?? height) &&
    height <= (bounds?.lte ?? height) &&
    height > (bounds?.gt ?? -1) &&
    height < (bounds?.lt ?? Infinity)
  );
}

function only(transaction: StoredTransaction, columns: TransactionColumns): StoredTransaction {
  const { raw, rawLog, events, ...rest } = transaction;
  return {
    ...rest,
    events: columns.events ? events : [],
    ...(columns.raw && raw !== undefined && { raw }),
    ...(columns.rawLog && rawLog !== undefined && { rawLog }),
  };
}

function cutPage<T, P extends { readonly height: number; readonly index?: number }>(
  items: readonly T[],
  { order, limit, fromEnd, after, before }: PageRequest<P>,
  place: (item: T) => number,
): Page<T> {
  const direction = order === "OLDEST_FIRST" ? 1 : -1;
  const at = (position: P): number => position.height * 1000 + (position.index ?? 0);
  const sorted = [...items].sort((a, b) => direction * (place(a) - place(b)));
  const inside = sorted.filter(
    (item) =>
      (after === undefined || direction * (place(item) - at(after)) > 0) &&
      (before === undefined || direction * (place(item) - at(before)) < 0),
  );
  const cut = fromEnd === true ? inside.slice(-limit) : inside.slice(0, limit);
  const [first, last] = [cut[0], cut.at(-1)];
  return {
    items: cut,
    hasNext: last !== undefined && sorted.indexOf(last) < sorted.length - 1,
    hasPrevious: first !== undefined && sorted.indexOf(first) > 0,
  };
}
