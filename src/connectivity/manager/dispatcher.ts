// Gives tasks to workers: a fair line per chain, a worker with room, and a clear end where there is none.
// Imports only domain, lib and this folder; never reads a stream.
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError } from "../../domain/errors.js";
import type { Clock } from "../../lib/clock.js";
import { noWorkerError } from "./failures.js";
import { createFairQueue, type FairQueue } from "./fair-queue.js";
import { counts, sizes, times } from "../protocol/limits.js";
import type { ConnectivityMetrics } from "./metrics.js";
import type { Dispatcher, TaskRun } from "../port.js";
import { selectWorker, type Candidate } from "./selection.js";
import type { Session } from "./session.js";
import { createRun, type Run } from "./task.js";
import type { Waiting } from "../protocol/byte-budget.js";

/** A worker as the dispatcher sees it. */
export interface PooledWorker extends Candidate {
  readonly session?: Session;
}

/** The workers there are. */
export interface WorkerPool {
  /** Workers of a chain, in whatever state. */
  workersOf(chain: ChainRef): readonly PooledWorker[];
  /** Called at each change of a worker. */
  onPoolChange(listener: (chain: ChainRef) => void): () => void;
  /** A task was given to a worker. */
  given(workerId: string): void;
  /** A worker ended a task. */
  answered(workerId: string, well: boolean): void;
}

export interface DispatcherOptions {
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly waiting: Waiting;
  readonly metrics: ConnectivityMetrics;
}

/** The dispatcher, and what its owner does with it. */
export interface OwnedDispatcher extends Dispatcher {
  readonly queued: number;
  readonly inFlight: number;
  /** Takes nothing new, lets tasks end for `drainMs`, then ends the rest with SHUTTING_DOWN. */
  close(drainMs: number): Promise<void>;
}

interface Line {
  readonly chain: ChainRef;
  readonly queue: FairQueue<Run>;
  due: boolean;
}

/** Creates a dispatcher over a pool of workers. */
export function createDispatcher({
  pool,
  clock,
  random,
  waiting,
  metrics,
}: DispatcherOptions): OwnedDispatcher {
  const lines = new Map<string, Line>();
  const runs = new Set<Run>();
  /** Runs that wait for a worker to come back. */
  const graces = new Map<Run, AbortController>();
  let closed = false;
  let idle: (() => void) | undefined;

  const lineOf = (chain: ChainRef): Line => {
    const name = chainName(chain);
    let line = lines.get(name);
    if (line === undefined) {
      line = { chain, queue: createFairQueue(), due: false };
      lines.set(name, line);
    }
    return line;
  };

  const queued = (): number => [...lines.values()].reduce((sum, { queue }) => sum + queue.size, 0);

  const endGrace = (run: Run): void => {
    graces.get(run)?.abort(new Error("A worker is there."));
    graces.delete(run);
  };

  const startGrace = (run: Run, line: Line): void => {
    const controller = new AbortController();
    graces.set(run, controller);
    clock.sleep(times.grace, controller.signal).then(
      () => {
        graces.delete(run);
        run.fail(noWorkerError(line.chain, selectWorker(pool.workersOf(line.chain), run.wish).reasons));
      },
      () => undefined,
    );
  };

  /** Nobody can be asked: at once where nobody is known, else after a while, since workers come back. */
  const despair = (line: Line, known: number): void => {
    for (const run of [...line.queue.items()]) {
      if (known === 0) run.fail(noWorkerError(line.chain, []));
      else if (!graces.has(run)) startGrace(run, line);
    }
  };

  const giveOne = (line: Line): boolean => {
    const workers = pool.workersOf(line.chain);
    if (!workers.some(hasRoom)) return false;
    let workerId: string | undefined;
    const run = line.queue.take(({ wish }) => {
      workerId = selectWorker(workers, wish).workerId;
      return workerId !== undefined;
    });
    const worker = workers.find((each) => each.workerId === workerId);
    if (run === undefined || worker?.session === undefined) return false;
    endGrace(run);
    pool.given(worker.workerId);
    run.askThrough(worker.workerId, worker.session);
    return true;
  };

  const serve = (line: Line): void => {
    while (line.queue.size > 0 && giveOne(line));
    if (line.queue.size === 0) {
      lines.delete(chainName(line.chain));
      return;
    }
    const workers = pool.workersOf(line.chain);
    if (!workers.some(({ state }) => state === "ONLINE")) despair(line, workers.length);
    else for (const run of line.queue.items()) endGrace(run);
  };

  /** Once a turn, however many things changed in it. */
  const wake = (line: Line): void => {
    if (line.due) return;
    line.due = true;
    queueMicrotask(() => {
      line.due = false;
      serve(line);
    });
  };

  const enqueue = (run: Run): void => {
    const line = lineOf(run.request.chain);
    const { priority, caller: caller } = run.options;
    line.queue.add(run, { priority, caller, front: run.begun });
    wake(line);
  };

  const settled = (run: Run): void => {
    runs.delete(run);
    endGrace(run);
    lines.get(chainName(run.request.chain))?.queue.remove(run);
    if (runs.size === 0) idle?.();
  };

  const credit = (): number => {
    const share = Math.floor(waiting.limit / sizes.batch / Math.max(1, runs.size - queued()));
    return Math.max(2, Math.min(counts.credit, share));
  };

  const stopListening = pool.onPoolChange((chain) => {
    const line = lines.get(chainName(chain));
    if (line !== undefined) wake(line);
  });

  return {
    run(request, options): TaskRun {
      if (closed) return refusedRun();
      const run = createRun({
        request,
        options,
        clock,
        random,
        waiting,
        metrics,
        enqueue,
        credit,
        answered: (workerId, well) => pool.answered(workerId, well),
        settled,
      });
      if (!run.done) runs.add(run);
      return { taskId: run.taskId, parts: run.parts };
    },
    capacity: (chain) =>
      pool
        .workersOf(chain)
        .filter(({ state }) => state === "ONLINE")
        .reduce((sum, { capacity }) => sum + capacity, 0),
    get queued() {
      return queued();
    },
    get inFlight() {
      return runs.size - queued();
    },
    async close(drainMs) {
      closed = true;
      const drained = new AbortController();
      const allDone = new Promise<void>((resolve) => (idle = resolve));
      const late = clock.sleep(drainMs, drained.signal).catch(() => undefined);
      if (runs.size > 0 && drainMs > 0) await Promise.race([allDone, late]);
      drained.abort();
      for (const run of [...runs]) run.fail(shuttingDown());
      stopListening();
    },
  };
}

function hasRoom({ state, inFlight, capacity }: Candidate): boolean {
  return state === "ONLINE" && inFlight < capacity;
}

function shuttingDown(): IndexerError {
  return new IndexerError("SHUTTING_DOWN", "This manager is ending: ask another one, or ask again soon.");
}

function refusedRun(): TaskRun {
  const refuse = (): AsyncIterator<never> => ({ next: () => Promise.reject(shuttingDown()) });
  return { taskId: "refused", parts: { [Symbol.asyncIterator]: refuse } };
}
