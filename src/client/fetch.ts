// Use case: fetch from the chain through the workers, store, and tell each part until exactly one final.
import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Dispatcher, Priority, TaskRun, Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { toIndexerError, IndexerError } from "../domain/errors.js";
import { rangeSize, totalHeights, type HeightRange } from "../domain/height.js";
import type { TaskRequest } from "../domain/task.js";
import { participation } from "../domain/transaction.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { abortable } from "../lib/abortable.js";
import { merge } from "../lib/merge.js";
import type { Committer } from "./committer.js";
import { ingest, type StoredPart } from "./ingest.js";
import { planTasks } from "./plan.js";
import type { FetchEvent, FetchFinal, FetchRequest, WorkFailure } from "./port.js";

export interface FetchDeps {
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tasks of one request that are under way or queued at once: more than any workers have places for, and bounded. */
const tasksAtOnce = 64;

export function createFetch(
  deps: FetchDeps,
): (request: FetchRequest, signal: AbortSignal) => AsyncIterable<FetchEvent> {
  return (request, signal) => {
    checkFetchRequest(request);
    return abortable(signal, (ended) => fetchEvents(deps, request, ended));
  };
}

async function* fetchEvents(
  deps: FetchDeps,
  request: FetchRequest,
  signal: AbortSignal,
): AsyncGenerator<FetchEvent> {
  const { clock, logger } = deps;
  const fetchId = randomUUID();
  const began = clock.monotonic();
  const total = "heights" in request.target ? rangeSize(request.target.heights) : 1;
  const tasks = tasksOf(deps, request);
  const count = { parts: 0, heights: 0, blocks: 0, transactions: 0 };

  yield {
    kind: "accepted",
    fetchId,
    tasks: tasks.length,
    workers: deps.workers
      .list(request.chain)
      .filter(({ state }) => state === "ONLINE")
      .map(({ workerId }) => workerId),
  };

  const final = (status: FetchFinal["status"], error?: WorkFailure): FetchFinal => ({
    kind: "final",
    fetchId,
    status,
    parts: count.parts,
    blockCount: count.blocks,
    transactionCount: count.transactions,
    durationMs: Math.round(clock.monotonic() - began),
    ...(error !== undefined && { error }),
  });

  try {
    for await (const part of runTasks(deps, tasks, {
      caller: request.caller,
      priority: "interactive",
      signal,
    })) {
      count.heights += part.heights;
      count.blocks += part.blocks.length;
      count.transactions += part.transactions.length;
      yield {
        kind: "part",
        fetchId,
        order: count.parts,
        worker: part.worker,
        blocks: part.blocks,
        transactions: part.transactions.map((each) => ({ ...each, ...participation(each.events) })),
        progress: "heights" in request.target ? count.heights / total : 1,
      };
      count.parts += 1;
    }
    yield final("SUCCEEDED");
  } catch (error) {
    if (signal.aborted) {
      yield final("CANCELLED", failureOf(signal.reason));
    } else {
      logger.warn({ error, fetchId, chain: chainName(request.chain) }, "A fetch failed.");
      yield final("FAILED", failureOf(error));
    }
  }
}

export interface RunTasksOptions {
  readonly caller: string;
  readonly priority: Priority;
  readonly signal: AbortSignal;
}

/** Runs tasks over the workers and yields what is stored as it is stored. The first failure, or leaving, cancels the rest. */
export async function* runTasks(
  { dispatcher, committer }: Pick<FetchDeps, "dispatcher" | "committer">,
  tasks: readonly TaskRequest[],
  { caller: caller, priority, signal }: RunTasksOptions,
): AsyncGenerator<StoredPart> {
  const own = new AbortController();
  const any = AbortSignal.any([signal, own.signal]);
  // Every task under way listens to it, which is no leak.
  setMaxListeners(0, any);
  const start = (task: TaskRequest): TaskRun =>
    dispatcher.run(task, { signal: any, priority, caller: caller });
  const streams = tasks.map((task) => () => ingest(task.chain, start(task), committer));
  yield* merge(streams, tasksAtOnce, () =>
    own.abort(new Error("The rest of the work is not wanted any more.")),
  );
}

/** Throws BAD_USER_INPUT if the request names too many heights, or a hash that is empty or too long. */
export function checkFetchRequest({ target, maxHeights }: FetchRequest): void {
  if ("hash" in target) {
    if (target.hash.trim() === "" || target.hash.length > 256) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        "target.hash: the hash is empty or longer than 256 characters.",
        {
          argument: "target.hash",
        },
      );
    }
    return;
  }
  const actual = rangeSize(target.heights);
  if (actual > maxHeights) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      `target.heights: ${actual} heights requested, at most ${maxHeights} allowed. Fetch smaller ranges one after another.`,
      { argument: "target.heights", limit: maxHeights, actual },
    );
  }
}

function tasksOf({ dispatcher }: FetchDeps, { chain, target }: FetchRequest): TaskRequest[] {
  if ("hash" in target) return [{ kind: "transaction", chain, hash: target.hash }];
  return heightTasks(chain, [target.heights], dispatcher.capacity(chain));
}

/** Tasks for ranges of heights, lowest first. */
export function heightTasks(chain: ChainRef, ranges: readonly HeightRange[], room: number): TaskRequest[] {
  if (totalHeights(ranges) === 0) return [];
  return planTasks(ranges, room).map((range) => ({ kind: "heights", chain, range }));
}

function failureOf(reason: unknown): WorkFailure {
  const { code, message, retryable, facts } = toIndexerError(reason);
  const height = facts["height"];
  return {
    code,
    message:
      code === "INTERNAL" ? "The work failed for an internal reason; it is in the manager's log." : message,
    retryable,
    ...(typeof height === "number" && { height }),
  };
}
