// What the rest of the manager knows of workers: asking tasks, seeing who is there.
// Imports only domain; never knows gRPC, HTTP or SQL.
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { TaskResult, TaskRequest } from "../domain/task.js";
import type { WorkerStatus } from "../domain/worker.js";

/** Interactive work goes before background work wherever both wait for the same workers. */
export type Priority = "interactive" | "background";

/** One partial answer to a task: whole heights, or the answer to an account question, in the order sent. */
export interface Part {
  readonly taskId: string;
  /** 0, 1, 2, … within the task, whoever answered. */
  readonly order: number;
  /** The id of the worker that sent it. */
  readonly worker: string;
  readonly results: readonly TaskResult[];
  /** The last height that is wholly sent, this part included. */
  readonly cursor?: Height;
  /** Grants the worker credit for more. Called once, after the part is committed. */
  acknowledge(): void;
}

/**
 * A task under way. Iterated once: it ends after the last part of a complete task, and throws an IndexerError
 * (NO_WORKER, WORKER_FAILED, TIMEOUT, CHAIN_UNAVAILABLE, BAD_USER_INPUT, NOT_FOUND, SHUTTING_DOWN) where it failed for good.
 * A worker that dies or ends too early is replaced by another from the last whole height: parts stay gapless, nothing comes
 * twice. Leaving the iteration, or aborting the signal, cancels the task at its worker.
 */
export interface TaskRun {
  readonly taskId: string;
  readonly parts: AsyncIterable<Part>;
}

export interface TaskOptions {
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** Names the caller, so that those who wait share the workers fairly. */
  readonly caller: string;
  /** Milliseconds for the whole task. */
  readonly timeoutMs?: number;
}

/** Gives tasks to workers. */
export interface Dispatcher {
  run(request: TaskRequest, options: TaskOptions): TaskRun;
  /** Tasks that the workers of a chain can take at once; 0 where there is no worker. */
  capacity(chain: ChainRef): number;
}

/** Who is there. */
export interface Workers {
  list(filter?: Partial<ChainRef>): readonly WorkerStatus[];
  /** Called at each change of a worker; returns how to stop. */
  onChange(listener: (worker: WorkerStatus) => void): () => void;
}

/** What a worker says of itself by POST /client_ping. */
export interface Registration {
  readonly workerId: string;
  readonly chain: ChainRef;
  readonly version: string;
  /** `host:port`. */
  readonly address: string;
  readonly draining?: boolean;
}
