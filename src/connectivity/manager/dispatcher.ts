// Role: the manager's side of tasks: starts them, limits their credit, and ends them when the manager closes.
// May import: domain, lib, connectivity/protocol and this folder.
// Never reads a stream; never imports connectivity/worker.
import { randomUUID } from "node:crypto";

import type { Clock } from "../../lib/clock.js";
import type { Dispatcher } from "../port.js";
import { counts, sizes } from "../protocol/limits.js";
import { cancellable } from "./cancellable.js";
import { shuttingDownError, timeoutError } from "./failures.js";
import type { ConnectivityMetrics } from "./metrics.js";
import { placesFor } from "./selection.js";
import { runTask, type TaskDeps } from "./task.js";
import { createWorkerPool, type WorkerDirectory } from "./worker-pool.js";

/** Dependencies of the dispatcher. */
export interface DispatcherOptions {
  readonly directory: WorkerDirectory;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: ConnectivityMetrics;
  /** The limit on the results that calls buffer, in bytes. It bounds the credit of each call. */
  readonly bufferBytes: number;
}

/** The dispatcher with the functions for its owner. */
export interface OwnedDispatcher extends Dispatcher {
  /** The number of tasks that wait for a worker. */
  readonly queued: number;
  /** The number of tasks that a worker executes. */
  readonly inFlight: number;
  /** Rejects new tasks, waits `drainMs` for the running ones, then ends the rest with SHUTTING_DOWN. */
  close(drainMs: number): Promise<void>;
}

/** Creates a dispatcher over the workers of a directory. */
export function createDispatcher(options: DispatcherOptions): OwnedDispatcher {
  const { directory, clock, metrics, bufferBytes } = options;
  const pool = createWorkerPool(directory, clock);
  const running = new Map<string, AbortController>();
  let closed = false;
  let onIdle: (() => void) | undefined;

  const inFlight = (): number => running.size - pool.queued;

  /** Every call gets an equal share of the buffer, at least 2 and at most `counts.credit` batches. */
  const credit = (): number => {
    const share = Math.floor(bufferBytes / sizes.batch / Math.max(1, inFlight()));
    return Math.max(2, Math.min(counts.credit, share));
  };

  async function* run(deps: TaskDeps, signal: AbortSignal): ReturnType<typeof runTask> {
    const { taskId, options: settings, request } = deps;
    if (closed) throw shuttingDownError();
    const ending = new AbortController();
    running.set(taskId, ending);
    const stopped = AbortSignal.any([signal, ending.signal]);
    const { timeoutMs } = settings;
    if (timeoutMs !== undefined) {
      clock.sleep(timeoutMs, stopped).then(
        () => ending.abort(timeoutError(request.chain, timeoutMs)),
        () => undefined,
      );
    }
    try {
      yield* runTask(deps, stopped);
    } catch (error) {
      metrics.countFailure(error);
      throw error;
    } finally {
      running.delete(taskId);
      ending.abort(new Error("The task is over."));
      if (running.size === 0) onIdle?.();
    }
  }

  return {
    run(request, { signal, ...settings }) {
      const taskId = randomUUID();
      const deps = { ...options, taskId, request, options: settings, pool, credit };
      return { taskId, parts: cancellable(signal, (stopped) => run(deps, stopped)) };
    },
    capacity: (chain, priority = "interactive") =>
      directory
        .workersOf(chain)
        .filter(({ state }) => state === "ONLINE")
        .reduce((sum, worker) => sum + placesFor(worker, priority), 0),
    get queued() {
      return pool.queued;
    },
    get inFlight() {
      return inFlight();
    },
    async close(drainMs) {
      closed = true;
      const drained = new AbortController();
      const idle = new Promise<void>((resolve) => (onIdle = resolve));
      const late = clock.sleep(drainMs, drained.signal).catch(() => undefined);
      if (running.size > 0 && drainMs > 0) await Promise.race([idle, late]);
      drained.abort();
      for (const ending of [...running.values()]) ending.abort(shuttingDownError());
      pool.close();
    },
  };
}
