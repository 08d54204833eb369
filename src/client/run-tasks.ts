// Runs tasks on the workers and stores their parts: the only loop over parts.
// Imports domain, lib and the ports of connectivity and store.
// Never reports a part before its commit.
import { setMaxListeners } from "node:events";
import type { Dispatcher, Part, Priority } from "../connectivity/port.js";
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { ChunkLease } from "../domain/run.js";
import type { TaskRequest, TaskResult } from "../domain/task.js";
import type { Transaction } from "../domain/transaction.js";
import { toError } from "../lib/error-message.js";
import { createQueue } from "../lib/queue.js";
import type { WriteBatch } from "../store/port.js";
import type { Committer } from "./committer.js";

/** A part after its commit. */
export interface StoredPart {
  readonly worker: string;
  /** The number of whole heights in the part. */
  readonly heights: number;
  /** The heights that need no further work: stored whole, or quarantined. */
  readonly completed: readonly Height[];
  readonly blocks: readonly Block[];
  readonly transactions: readonly Transaction[];
}

/** The services that execute tasks and store their results. */
export interface RunTasksDeps {
  readonly dispatcher: Dispatcher;
  readonly committer: Committer;
}

/** Options for one group of tasks. */
export interface RunTasksOptions {
  /** Names the caller, so that all callers get an equal share of the workers. */
  readonly caller: string;
  readonly priority: Priority;
  /** Cancels all tasks. */
  readonly signal: AbortSignal;
  /** The chunk that the tasks belong to. Each commit records its progress, and fails with CONFLICT if the lease is lost. */
  readonly lease?: ChunkLease;
  /** Fails a task at the first call that a worker does not finish, instead of retrying it. */
  readonly failFast?: boolean;
}

/** Tasks of one group that are queued or in flight: more than the usual capacity of all workers. */
const maxConcurrentTasks = 64;
/**
 * Committed parts that wait for the consumer: 16 MiB, since a worker sends at most 256 KiB in a part. The credit of the
 * dispatcher bounds the parts before their commit: it grants new credit only after the commit.
 */
const maxReadyParts = 64;

/**
 * Runs tasks and yields each part after its commit: in order within a task, in any order between tasks. The first failure
 * cancels all tasks; the consumer receives the parts before the failure, then the error. To stop while `next` is pending,
 * abort the signal.
 */
export async function* runTasks(
  { dispatcher, committer }: RunTasksDeps,
  tasks: readonly TaskRequest[],
  { caller, priority, signal, lease, failFast }: RunTasksOptions,
): AsyncGenerator<StoredPart> {
  const ended = new AbortController();
  const cancelled = AbortSignal.any([signal, ended.signal]);
  // Each task in flight adds a listener. This is not a leak.
  setMaxListeners(0, cancelled);
  const ready = createQueue<StoredPart>(maxReadyParts);
  const fail = (error: unknown): void => {
    ready.end(toError(error));
    ended.abort(error);
  };
  const onAbort = (): void => fail(signal.reason);

  const deliver = async (chain: ChainRef, part: Part, previous: Promise<void>): Promise<void> => {
    const committing = commitPart(committer, { chain, part, lease });
    // The failure is handled after the previous part, so that it cannot overtake that part.
    committing.catch(() => {});
    await previous;
    const stored = await committing;
    while (!cancelled.aborted && !ready.push(stored)) await ready.capacity();
  };

  const options = { signal: cancelled, priority, caller, ...(failFast !== undefined && { failFast }) };
  const runTask = async (task: TaskRequest): Promise<void> => {
    let delivered = Promise.resolve();
    try {
      for await (const part of dispatcher.run(task, options).parts) {
        delivered = deliver(task.chain, part, delivered);
        delivered.catch(fail);
        await ready.capacity();
      }
    } finally {
      await delivered;
    }
  };

  const remaining = tasks.values();
  const runRemaining = async (): Promise<void> => {
    for (const task of remaining) await runTask(task);
  };

  try {
    signal.throwIfAborted();
    signal.addEventListener("abort", onAbort, { once: true });
    const lanes = Array.from({ length: Math.min(maxConcurrentTasks, tasks.length) }, runRemaining);
    void Promise.all(lanes).then(() => ready.end(), fail);
    yield* ready;
  } finally {
    signal.removeEventListener("abort", onAbort);
    ended.abort(new Error("The caller does not need the remaining work."));
  }
}

/** Commits a part, then grants the worker new credit. */
async function commitPart(
  committer: Committer,
  {
    chain,
    part,
    lease,
  }: { readonly chain: ChainRef; readonly part: Part; readonly lease: ChunkLease | undefined },
): Promise<StoredPart> {
  const { heights, partialBlocks, quarantined } = groupByKind(part.results);
  const completed = [...heights.map(({ block }) => block.height), ...quarantined.map(({ height }) => height)];
  const transactions = [
    ...heights.flatMap((each) => each.transactions),
    ...partialBlocks.map(({ transaction }) => transaction),
  ];
  if (part.results.length > 0) {
    const progress = lease && [{ lease, heights: completed, transactions: transactions.length }];
    await committer.commit({ chain, heights, partialBlocks, quarantined, ...(progress && { progress }) });
  }
  part.acknowledge();
  return {
    worker: part.worker,
    heights: heights.length,
    completed,
    blocks: [...heights, ...partialBlocks].map(({ block }) => block),
    transactions,
  };
}

function groupByKind(
  results: readonly TaskResult[],
): Required<Pick<WriteBatch, "heights" | "partialBlocks" | "quarantined">> {
  return {
    heights: results.filter((result) => result.kind === "height"),
    partialBlocks: results.filter((result) => result.kind === "transaction"),
    quarantined: results.filter((result) => result.kind === "quarantine"),
  };
}
