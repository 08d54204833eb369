// Assigns workers to tasks: a fair queue per chain, the selection, and a grace period if no worker is online.
// Imports only domain, lib and connectivity/protocol; never reads a stream.
import { chainName, type ChainRef } from "../../domain/chain.js";
import type { Clock } from "../../lib/clock.js";
import { createFairQueue, type FairQueue } from "./fair-queue.js";
import { noWorkerError } from "./failures.js";
import { times } from "../protocol/limits.js";
import type { Priority } from "../port.js";
import { hasCapacity, selectWorker, type Candidate, type WorkerPreference } from "./selection.js";
import type { WorkerSession } from "./session.js";

/** The right to make one call at a worker. */
export interface Lease {
  readonly workerId: string;
  /** Starts the call; used once. */
  readonly call: WorkerSession["call"];
  /** Records whether the call succeeded in the worker's statistics; undefined if it was cancelled. Called exactly once. */
  release(succeeded: boolean | undefined): void;
}

/** A worker as the pool sees it. */
export interface PooledWorker extends Candidate {
  /** Reserves one place of the worker's capacity; only for a worker that is online. */
  lease(): Lease;
}

/** The known workers. */
export interface WorkerDirectory {
  /** Returns the workers of a chain in every state. */
  workersOf(chain: ChainRef): readonly PooledWorker[];
  /** Calls the listener at each change of a worker; returns a function that stops it. */
  onPoolChange(listener: (chain: ChainRef) => void): () => void;
}

/** A request for a worker. */
export interface LeaseRequest {
  readonly chain: ChainRef;
  readonly priority: Priority;
  readonly caller: string;
  readonly preference: WorkerPreference;
  /** True if the task had a worker before: it goes to the front of its caller's queue. */
  readonly isRetry: boolean;
}

/** The queue in front of the workers. */
export interface WorkerPool {
  /** The number of waiting requests. */
  readonly queued: number;
  /**
   * Waits for a worker with capacity. Rejects with NO_WORKER at once if the chain has no known worker, after `times.grace` if
   * none is online, and with the signal's reason if it aborts.
   */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease>;
  close(): void;
}

interface Waiter {
  readonly request: LeaseRequest;
  readonly settled: AbortSignal;
  grace: AbortController | undefined;
  assign(lease: Lease): void;
  fail(error: Error): void;
}

interface ChainQueue {
  readonly chain: ChainRef;
  readonly waiters: FairQueue<Waiter>;
  scheduled: boolean;
}

/** Creates the pool. */
export function createWorkerPool(directory: WorkerDirectory, clock: Clock): WorkerPool {
  const queues = new Map<string, ChainQueue>();

  const queueOf = (chain: ChainRef): ChainQueue => {
    const name = chainName(chain);
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = { chain, waiters: createFairQueue(), scheduled: false };
      queues.set(name, queue);
    }
    return queue;
  };

  const startGrace = (waiter: Waiter): void => {
    if (waiter.grace !== undefined) return;
    const grace = new AbortController();
    waiter.grace = grace;
    const { chain, preference } = waiter.request;
    clock.sleep(times.grace, AbortSignal.any([grace.signal, waiter.settled])).then(
      () => waiter.fail(noWorkerError(chain, selectWorker(directory.workersOf(chain), preference).reasons)),
      () => undefined,
    );
  };

  const endGrace = (waiter: Waiter): void => {
    waiter.grace?.abort(new Error("A worker is online."));
    waiter.grace = undefined;
  };

  /** Assigns one waiter to a worker; false if none can be assigned. */
  const assignNext = ({ chain, waiters }: ChainQueue): boolean => {
    const workers = directory.workersOf(chain);
    if (!workers.some(hasCapacity)) return false;
    let workerId: string | undefined;
    const waiter = waiters.take(({ request }) => {
      const { preference, priority } = request;
      workerId = selectWorker(workers, { ...preference, priority }).workerId;
      return workerId !== undefined;
    });
    const worker = workers.find((each) => each.workerId === workerId);
    if (waiter === undefined || worker === undefined) return false;
    waiter.assign(worker.lease());
    return true;
  };

  const serve = (queue: ChainQueue): void => {
    const { chain, waiters } = queue;
    while (waiters.size > 0 && assignNext(queue));
    if (waiters.size === 0) return void queues.delete(chainName(chain));
    const workers = directory.workersOf(chain);
    const online = workers.some(({ state }) => state === "ONLINE");
    for (const waiter of [...waiters.items()]) {
      if (workers.length === 0) waiter.fail(noWorkerError(chain, []));
      else if (online) endGrace(waiter);
      else startGrace(waiter);
    }
  };

  /** Serves the queue once per turn, however many changes the turn brings. */
  const schedule = (queue: ChainQueue): void => {
    if (queue.scheduled) return;
    queue.scheduled = true;
    queueMicrotask(() => {
      queue.scheduled = false;
      serve(queue);
    });
  };

  const close = directory.onPoolChange((chain) => {
    const queue = queues.get(chainName(chain));
    if (queue !== undefined) schedule(queue);
  });

  return {
    get queued() {
      return [...queues.values()].reduce((sum, { waiters }) => sum + waiters.size, 0);
    },
    acquire(request, signal) {
      return new Promise((resolve, reject) => {
        const queue = queueOf(request.chain);
        const settling = new AbortController();
        const settle = (): void => {
          settling.abort();
          signal.removeEventListener("abort", onAbort);
          queue.waiters.remove(waiter);
        };
        const waiter: Waiter = {
          request,
          settled: settling.signal,
          grace: undefined,
          assign(lease) {
            settle();
            resolve(lease);
          },
          fail(error) {
            settle();
            reject(error);
          },
        };
        const onAbort = (): void => waiter.fail(signal.reason as Error);
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        const { priority, caller, isRetry } = request;
        queue.waiters.add(waiter, { priority, caller, front: isRetry });
        schedule(queue);
      });
    },
    close,
  };
}
