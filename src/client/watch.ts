// Use case: report blocks, transactions and workers as they change, until the caller aborts.
import type { Workers } from "../connectivity/port.js";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { splitRanges, type HeightRange } from "../domain/height.js";
import { matchesTransaction } from "../domain/match.js";
import type { TransactionFilter } from "../domain/search.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { Clock } from "../lib/clock.js";
import { createQueue } from "../lib/queue.js";
import { createWakeUp } from "../lib/wake-up.js";
import type { Announcement, Store, StoredTransaction, TransactionColumns } from "../store/port.js";
import type { Announcements } from "./announcements.js";
import type { Client } from "./port.js";

/** The services that watching uses. */
export interface WatchDeps {
  readonly store: Pick<Store, "blocksAt" | "transactionsAt">;
  readonly announcements: Pick<Announcements, "listen">;
  readonly workers: Workers;
  readonly clock: Clock;
}

/** The maximum of announcements that wait for one caller. */
const maxWaitingAnnouncements = 1_024;
/** Heights of one load from the store. */
const heightsPerLoad = 100;
/** Milliseconds between two reports of changed workers. */
const workerReportIntervalMs = 250;

/** Returns the loads of an announcement's data, in order of heights. */
type Loader<T> = (announcement: Announcement) => readonly (() => Promise<readonly T[]>)[];

/** Creates the use cases. */
export function createWatch(
  deps: WatchDeps,
): Pick<Client, "watchBlocks" | "watchTransactions" | "watchWorkers"> {
  const { store } = deps;
  const loadBlocks = sharedLoader((chain, range) => store.blocksAt(chain, heightsIn(range)));
  // All callers with the same choice of columns share one loader.
  const transactionLoaders = new Map<string, Loader<StoredTransaction>>();
  const transactionLoader = (columns: TransactionColumns): Loader<StoredTransaction> => {
    const key = JSON.stringify([columns.events, columns.raw, columns.rawLog]);
    const loader =
      transactionLoaders.get(key) ??
      sharedLoader((chain, range) => store.transactionsAt(chain, [range], columns));
    transactionLoaders.set(key, loader);
    return loader;
  };

  return {
    watchBlocks: (chain, signal) =>
      watchData(deps, signal, (announcement) =>
        chain === undefined || sameChain(chain, announcement.chain) ? loadBlocks(announcement) : [],
      ),
    watchTransactions: (filter, columns, signal) => {
      rejectSearchOnlyFilters(filter);
      const load = transactionLoader(columns);
      return watchData(
        deps,
        signal,
        (announcement) => (mayMatch(filter, announcement.chain) ? load(announcement) : []),
        (transaction) => matchesTransaction(filter, transaction),
      );
    },
    watchWorkers: (filter, signal) => watchWorkers(deps, filter, signal),
  };
}

/** Creates a loader that reads the data of an announcement once, for all callers. */
function sharedLoader<T>(load: (chain: ChainRef, range: HeightRange) => Promise<readonly T[]>): Loader<T> {
  const known = new WeakMap<Announcement, ReturnType<Loader<T>>>();
  return (announcement) => {
    const loads =
      known.get(announcement) ??
      splitRanges(announcement.heights, heightsPerLoad).map((range) =>
        once(() => load(announcement.chain, range)),
      );
    known.set(announcement, loads);
    return loads;
  };
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => (loading ??= load());
}

async function* watchData<T>(
  { announcements }: WatchDeps,
  signal: AbortSignal,
  load: Loader<T>,
  matches: (item: T) => boolean = () => true,
): AsyncGenerator<T> {
  if (signal.aborted) return;
  const queue = createQueue<Announcement>(maxWaitingAnnouncements);
  const stopListening = announcements.listen((announcement) => {
    if (!queue.push(announcement)) queue.end(overloaded());
  });
  signal.addEventListener("abort", queue.clear, { once: true });
  try {
    for await (const announcement of queue) {
      for (const loadRange of load(announcement)) {
        for (const item of await loadRange()) if (matches(item)) yield item;
      }
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", queue.clear);
  }
}

async function* watchWorkers(
  { workers, clock }: WatchDeps,
  filter: Partial<ChainRef>,
  signal: AbortSignal,
): AsyncGenerator<WorkerStatus> {
  const changed = new Map<string, WorkerStatus>();
  const wakeUp = createWakeUp();
  const stopListening = workers.onChange((worker) => {
    if (!isNamedBy(filter, worker.chain)) return;
    changed.set(keyOf(worker), worker);
    wakeUp.notify();
  });
  try {
    for (const worker of workers.list(filter)) changed.set(keyOf(worker), worker);
    while (!signal.aborted) {
      const statuses = [...changed.values()];
      changed.clear();
      yield* statuses;
      await clock.sleep(workerReportIntervalMs, signal).catch(() => {});
      while (changed.size === 0 && !signal.aborted) await wakeUp.wait(signal);
    }
  } finally {
    stopListening();
  }
}

/** Workers of different chains may have the same id. */
function keyOf({ chain, workerId }: WorkerStatus): string {
  return `${chainName(chain)} ${workerId}`;
}

function heightsIn({ from, to }: HeightRange): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
}

function isNamedBy(filter: Partial<ChainRef>, chain: ChainRef): boolean {
  return (
    (filter.network === undefined || filter.network === chain.network) &&
    (filter.chainId === undefined || filter.chainId === chain.chainId)
  );
}

function mayMatch({ network, chainIds }: TransactionFilter, chain: ChainRef): boolean {
  return (network === undefined || network === chain.network) && (chainIds?.includes(chain.chainId) ?? true);
}

/** Throws BAD_USER_INPUT if the filter has a part that only a search of the store can evaluate. */
export function rejectSearchOnlyFilters(filter: TransactionFilter): void {
  for (const name of ["hash", "blockHash", "memo"] as const) {
    if (filter[name] !== undefined) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        `filter.${name}: not allowed in a subscription. Remove it, or use the 'transactions' query.`,
        { argument: `filter.${name}` },
      );
    }
  }
}

function overloaded(): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `The subscription ended because ${maxWaitingAnnouncements} commits were waiting. Subscribe again.`,
    { limit: maxWaitingAnnouncements },
  );
}
