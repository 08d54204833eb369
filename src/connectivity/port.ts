// Role: the port of connectivity: run tasks on workers, list workers, register a worker.
// May import: domain.
// Never knows gRPC, HTTP or SQL.
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { TaskResult, TaskRequest } from "../domain/task.js";
import type { WorkerStatus } from "../domain/worker.js";

/** Interactive tasks are assigned before background tasks when both wait for the same workers. */
export type Priority = "interactive" | "background";

/** One partial result of a task: whole heights, or the result of an account query, in the order sent. */
export interface Part {
  readonly taskId: string;
  /** 0, 1, 2, … within the task, across all workers that execute it. */
  readonly order: number;
  /** The id of the worker that sent it. */
  readonly worker: string;
  readonly results: readonly TaskResult[];
  /** The last height that is completely sent, this part included. */
  readonly cursor?: Height;
  /** Grants the worker credit for more messages. Call it once, after the part is committed. */
  acknowledge(): void;
}

/**
 * A task. Iterate `parts` once; the task starts with the iteration. The iteration ends after the last part of a complete task.
 * It throws an IndexerError (NO_WORKER, WORKER_FAILED, TIMEOUT, CHAIN_UNAVAILABLE, BAD_USER_INPUT, NOT_FOUND, SHUTTING_DOWN)
 * if the task fails permanently. If a worker dies or ends too early, another worker continues after the last whole height:
 * parts have no gap and no duplicate. Ending the iteration, or aborting the signal, cancels the task at its worker.
 */
export interface TaskRun {
  readonly taskId: string;
  readonly parts: AsyncIterable<Part>;
}

/** Settings of one task. */
export interface TaskOptions {
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** The name of the caller; waiting callers share the workers fairly. */
  readonly caller: string;
  /** Milliseconds for the whole task; no limit by default. */
  readonly timeoutMs?: number;
  /** Fails the task with WORKER_FAILED at the first call that a worker does not finish, instead of retrying it. */
  readonly failFast?: boolean;
}

/** Runs tasks on workers. */
export interface Dispatcher {
  run(request: TaskRequest, options: TaskOptions): TaskRun;
  /**
   * The number of tasks of a priority, interactive by default, that the online workers of a chain execute at once; 0 without a
   * worker. Background tasks leave one place of each worker free.
   */
  capacity(chain: ChainRef, priority?: Priority): number;
}

/** The workers that this manager knows. */
export interface Workers {
  list(filter?: Partial<ChainRef>): readonly WorkerStatus[];
  /** Calls the listener at each change of a worker; returns a function that stops it. */
  onChange(listener: (worker: WorkerStatus) => void): () => void;
}

/** The content of a worker's POST /client_ping. */
export interface Registration {
  readonly workerId: string;
  readonly chain: ChainRef;
  readonly version: string;
  /** `host:port`. */
  readonly address: string;
  readonly draining?: boolean;
}

/** The identity of a worker. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly chain: ChainRef;
  readonly version: string;
  /** `host:port`, or `in-process`. */
  readonly address: string;
}
