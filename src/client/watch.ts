// Use case: blocks, transactions and workers as they change, for as long as somebody watches.
import type { Workers } from "../connectivity/port.js";
import { sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { splitRanges, type HeightRange } from "../domain/height.js";
import { matchesTransaction } from "../domain/match.js";
import type { TransactionFilter } from "../domain/search.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { Clock } from "../lib/clock.js";
import { abortable } from "../lib/abortable.js";
import { createQueue } from "../lib/queue.js";
import type { Announcement, Store, StoredTransaction, TransactionColumns } from "../store/port.js";
import type { Announcements } from "./announcements.js";
import type { Client } from "./port.js";

export interface WatchDeps {
  readonly store: Store;
  readonly announcements: Announcements;
  readonly workers: Workers;
  readonly clock: Clock;
}

/** Announcements that may wait for one watcher. */
const room = 1_024;
/** Heights that are loaded at once. */
const slice = 100;
/** Milliseconds between two rounds of telling workers' changes. */
const workerBeat = 250;

export function createWatch(
  deps: WatchDeps,
): Pick<Client, "watchBlocks" | "watchTransactions" | "watchWorkers"> {
  const { store } = deps;
  const blocks = shared((chain, range) => store.blocksAt(chain, heightsOf(range)));
  // One load for each choice of columns, shared by all who made it.
  const transactions = new Map<string, ReturnType<typeof shared<StoredTransaction>>>();
  const transactionsWith = (columns: TransactionColumns): ReturnType<typeof shared<StoredTransaction>> => {
    const key = JSON.stringify([columns.events, columns.raw, columns.rawLog]);
    const known =
      transactions.get(key) ?? shared((chain, range) => store.transactionsAt(chain, [range], columns));
    transactions.set(key, known);
    return known;
  };

  return {
    watchBlocks: (chain, signal) =>
      abortable(signal, (ended) =>
        watch(deps, ended, (news) =>
          chain === undefined || sameChain(chain, news.chain) ? blocks(news) : [],
        ),
      ),
    watchTransactions: (filter, columns, signal) => {
      refuseSearchOnly(filter);
      // The events say nothing that the filter needs; they are loaded only where they are shown.
      const load = transactionsWith(columns);
      return abortable(signal, async function* (ended) {
        const all = watch(deps, ended, (news) => (concerns(filter, news.chain) ? load(news) : []));
        for await (const transaction of all) if (matchesTransaction(filter, transaction)) yield transaction;
      });
    },
    watchWorkers: (filter, signal) => abortable(signal, (ended) => watchWorkers(deps, filter, ended)),
  };
}

/** A loader of what an announcement is about, slice by slice; those who ask for the same announcement share one load. */
function shared<T>(
  load: (chain: ChainRef, range: HeightRange) => Promise<readonly T[]>,
): (news: Announcement) => Iterable<() => Promise<readonly T[]>> {
  const loads = new WeakMap<Announcement, (() => Promise<readonly T[]>)[]>();
  return (news) => {
    const known =
      loads.get(news) ?? splitRanges(news.heights, slice).map((range) => once(() => load(news.chain, range)));
    loads.set(news, known);
    return known;
  };
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => (loading ??= load());
}

async function* watch<T>(
  { announcements }: WatchDeps,
  signal: AbortSignal,
  loads: (news: Announcement) => Iterable<() => Promise<readonly T[]>>,
): AsyncGenerator<T> {
  const queue = createQueue<Announcement>(room);
  const stop = announcements.listen((news) => {
    if (queue.push(news)) return;
    queue.end(
      new IndexerError(
        "OVERLOADED",
        `This subscription fell ${room} commits behind and was ended: subscribe again.`,
        {
          limit: room,
        },
      ),
    );
  });
  const leave = (): void => queue.clear();
  signal.addEventListener("abort", leave, { once: true });
  try {
    if (signal.aborted) return;
    for await (const news of queue) {
      for (const load of loads(news)) yield* await load();
    }
  } finally {
    stop();
    signal.removeEventListener("abort", leave);
  }
}

async function* watchWorkers(
  { workers, clock }: WatchDeps,
  filter: Partial<ChainRef>,
  signal: AbortSignal,
): AsyncGenerator<WorkerStatus> {
  const changed = new Map<string, WorkerStatus>();
  let wake = (): void => {};
  const stop = workers.onChange((worker) => {
    if (!named(filter, worker.chain)) return;
    changed.set(worker.workerId, worker);
    wake();
  });
  const leave = (): void => wake();
  signal.addEventListener("abort", leave, { once: true });
  try {
    for (const worker of workers.list(filter)) changed.set(worker.workerId, worker);
    while (!signal.aborted) {
      const now = [...changed.values()];
      changed.clear();
      yield* now;
      await clock.sleep(workerBeat, signal).catch(() => {});
      if (changed.size === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
    signal.removeEventListener("abort", leave);
  }
}

function heightsOf({ from, to }: HeightRange): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
}

function named(filter: Partial<ChainRef>, chain: ChainRef): boolean {
  return (
    (filter.network === undefined || filter.network === chain.network) &&
    (filter.chainId === undefined || filter.chainId === chain.chainId)
  );
}

function concerns({ network, chainIds }: TransactionFilter, chain: ChainRef): boolean {
  return (network === undefined || network === chain.network) && (chainIds?.includes(chain.chainId) ?? true);
}

/** Throws BAD_USER_INPUT if the filter has a part that only a search of the store can evaluate. */
export function refuseSearchOnly(filter: TransactionFilter): void {
  for (const name of ["hash", "blockHash", "memo"] as const) {
    if (filter[name] !== undefined) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        `filter.${name}: not allowed in a subscription. Omit it, or query 'transactions' instead.`,
        {
          argument: `filter.${name}`,
        },
      );
    }
  }
}
