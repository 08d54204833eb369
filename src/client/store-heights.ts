// Stores ranges of heights through the workers. If the workers do not finish a task, its heights are isolated by bisection:
// a height that no worker survives goes to quarantine with its reason, and the others are stored.
// Imports domain, lib and the ports of connectivity and store.
import type { Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { toIndexerError, type IndexerError } from "../domain/errors.js";
import { rangesFromHeights, subtractRanges, type Height, type HeightRange } from "../domain/height.js";
import { bisect } from "../domain/run.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { planTasks } from "./plan.js";
import { runTasks, type RunTasksDeps, type RunTasksOptions, type StoredPart } from "./run-tasks.js";
import { createTurns, type Turns } from "./turns.js";

/** The services that store heights. */
export interface StoreHeightsDeps extends RunTasksDeps {
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What to store, and for whom. */
export interface StoreHeightsRequest extends Omit<RunTasksOptions, "failFast"> {
  readonly chain: ChainRef;
  /** Ascending ranges that do not overlap. */
  readonly ranges: readonly HeightRange[];
  /** Tasks at once. */
  readonly parallel: number;
  /** Receives each part after its commit. */
  readonly onStored?: (part: StoredPart) => void;
}

/** Resolves when every height is stored or quarantined. Rejects with the first failure that is not the fault of one height. */
export type StoreHeights = (request: StoreHeightsRequest) => Promise<void>;

/** Failures of a height by itself after which it is quarantined. */
const verdictAttempts = 3;
/** Milliseconds that an isolation waits for a worker to come back after a crash. */
const workerReturnMs = 60_000;

/** Creates the use case. Heights of one chain are isolated one after the other, so that no crash is blamed on another height. */
export function createStoreHeights(deps: StoreHeightsDeps): StoreHeights {
  const turns = createTurns();
  return async (request) => {
    const { ranges, parallel, signal } = request;
    const tasks = planTasks(ranges, parallel).values();
    const failed = new AbortController();
    const storing = { ...request, signal: AbortSignal.any([signal, failed.signal]) };
    const runRemaining = async (): Promise<void> => {
      for (const range of tasks) {
        await storeOrIsolate(deps, { ...storing, ranges: [range] }, turns);
      }
    };
    const lanes = Array.from({ length: Math.max(1, parallel) }, runRemaining);
    try {
      await Promise.all(lanes);
    } catch (error) {
      failed.abort(error);
      await Promise.allSettled(lanes);
      throw error;
    }
  };
}

async function storeOrIsolate(
  deps: StoreHeightsDeps,
  request: StoreHeightsRequest,
  turns: Turns,
): Promise<void> {
  const { left, error } = await attempt(deps, request, false);
  if (error === undefined) return;
  if (!blamesHeight(error)) throw error;
  const name = chainName(request.chain);
  deps.logger.warn(
    { chain: name, heights: left, error },
    "Workers did not finish a task. Its heights are fetched in smaller parts.",
  );
  await turns.take(name, () => isolate(deps, { ...request, ranges: left }));
}

/** Stores the heights that can be stored, and quarantines the others. */
async function isolate(deps: StoreHeightsDeps, request: StoreHeightsRequest): Promise<void> {
  const { left, error } = await attempt(deps, request, true);
  if (error === undefined) return;
  if (!blamesHeight(error)) throw error;
  const halves = bisect(left);
  if (halves === undefined) return judge(deps, { ...request, ranges: left }, error);
  await isolate(deps, { ...request, ranges: halves.lower });
  await isolate(deps, { ...request, ranges: halves.upper });
}

/** Quarantines a height that failed by itself several times, if the workers can read another height in between. */
async function judge(
  deps: StoreHeightsDeps,
  request: StoreHeightsRequest,
  firstError: IndexerError,
): Promise<void> {
  const { chain, lease } = request;
  const height = request.ranges[0]?.from ?? 0;
  let error = firstError;
  for (let attempts = 1; attempts < verdictAttempts; attempts += 1) {
    await proveWorkers(deps, request, height);
    const next = await attempt(deps, request, true);
    if (next.error === undefined) return;
    if (!blamesHeight(next.error)) throw next.error;
    error = next.error;
  }
  deps.logger.error(
    { chain: chainName(chain), height, error },
    "A height is quarantined: no worker can read it.",
  );
  const quarantined = [{ height, error: error.message }];
  await deps.committer.commit({
    chain,
    heights: [],
    quarantined,
    ...(lease !== undefined && { progress: [{ lease, heights: [height], transactions: 0 }] }),
  });
}

/** Distances to the heights that prove that the workers can read at all. */
const proofDistances = [-1, 1, -10, 10, -100, 100];

/** Throws if the workers can read no other height either: then the height is not the cause. Stores nothing. */
async function proveWorkers(
  { dispatcher }: StoreHeightsDeps,
  { chain, caller, priority, signal }: StoreHeightsRequest,
  height: Height,
): Promise<void> {
  const others = proofDistances.map((distance) => height + distance).filter((other) => other >= 0);
  let failure: unknown;
  for (const other of others) {
    const task = { kind: "heights", chain, range: { from: other, to: other } } as const;
    try {
      for await (const part of dispatcher.run(task, { caller, priority, signal, failFast: true }).parts) {
        part.acknowledge();
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

interface Attempt {
  /** The heights that are not stored. */
  readonly left: readonly HeightRange[];
  readonly error?: IndexerError;
}

/** Runs one task after the other. Reports the heights that are left after a failure; rejects only if the signal aborts. */
async function attempt(
  deps: StoreHeightsDeps,
  { chain, ranges, onStored, signal, ...options }: StoreHeightsRequest,
  failFast: boolean,
): Promise<Attempt> {
  const completed = new Set<Height>();
  const tasks = ranges.map((range) => ({ kind: "heights", chain, range }) as const);
  if (failFast) await workerOnline(deps, chain, signal);
  try {
    for (const task of tasks) {
      for await (const part of runTasks(deps, [task], { ...options, signal, failFast })) {
        for (const height of part.completed) completed.add(height);
        onStored?.(part);
      }
    }
    return { left: [] };
  } catch (error) {
    signal.throwIfAborted();
    const stored = rangesFromHeights(completed);
    return {
      left: ranges.flatMap((range) => subtractRanges(range, stored)),
      error: toIndexerError(error),
    };
  }
}

/** Waits until a worker of the chain is online; gives up after a minute, and lets the task report what is missing. */
async function workerOnline(
  { workers, clock }: StoreHeightsDeps,
  chain: ChainRef,
  signal: AbortSignal,
): Promise<void> {
  const online = new AbortController();
  const check = (): void => {
    if (workers.list(chain).some(({ state }) => state === "ONLINE")) online.abort();
  };
  const stop = workers.onChange(check);
  try {
    check();
    if (!online.signal.aborted)
      await clock.sleep(workerReturnMs, AbortSignal.any([signal, online.signal])).catch(() => {});
    signal.throwIfAborted();
  } finally {
    stop();
  }
}

/** Whether a failure may be the fault of one height: a worker died, hung, or could not read it. */
function blamesHeight({ code }: IndexerError): boolean {
  return code === "WORKER_FAILED";
}
