// One task from its first call to its end, over any number of workers.
// Imports only domain, lib and this folder; never selects a worker.
import { chainName } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import type { Part, TaskOptions } from "../port.js";
import { remainingRequest } from "../protocol/request-assembly.js";
import type { Delivery } from "./call.js";
import { CallFailure } from "./calls.js";
import type { ConnectivityMetrics } from "./metrics.js";
import { createRetryPolicy } from "./retry-policy.js";
import type { WorkerPool } from "./worker-pool.js";

/** What a task needs. */
export interface TaskDeps {
  readonly taskId: string;
  readonly request: TaskRequest;
  readonly options: Omit<TaskOptions, "signal">;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: ConnectivityMetrics;
  /** Returns the credit of a new call. */
  credit(): number;
}

/**
 * Runs a task and yields its parts. The consumer sets the pace: a worker gets credit only for acknowledged parts. Throws an
 * IndexerError if the task fails permanently, and the signal's reason if it aborts.
 */
export async function* runTask(deps: TaskDeps, signal: AbortSignal): AsyncGenerator<Part> {
  const { taskId, pool, clock, metrics, options } = deps;
  const chain = chainName(deps.request.chain);
  const startedAt = clock.monotonic();
  const progress = createProgress(deps.request);
  const { random } = deps;
  const { failFast } = options;
  const facts = { chain, taskId };
  const retry = createRetryPolicy({ facts, random, ...(failFast !== undefined && { failFast }) });
  let order = 0;

  for (let attempt = 1; ; attempt += 1) {
    const request = progress.remaining();
    if (request === undefined) return;
    const { priority, caller, timeoutMs } = options;
    const lease = await pool.acquire(
      {
        chain: request.chain,
        priority,
        caller,
        preference: retry.preference,
        isRetry: attempt > 1,
      },
      signal,
    );
    const { workerId } = lease;
    let outcome: "cancelled" | "complete" | CallFailure["end"]["kind"] = "cancelled";
    let delayMs: number;
    try {
      metrics.calls.inc({ chain });
      const { cursor } = progress;
      const deliveries = lease.call(
        {
          taskId,
          request,
          attempt,
          credit: deps.credit(),
          ...(cursor !== undefined && { resumeAfter: cursor }),
          ...(timeoutMs !== undefined && {
            timeoutMs: Math.max(1, timeoutMs - (clock.monotonic() - startedAt)),
          }),
        },
        signal,
      );
      for await (const delivery of deliveries) {
        signal.throwIfAborted();
        progress.advance(delivery);
        retry.reset();
        const { results, acknowledge } = delivery;
        yield {
          taskId,
          order: order++,
          worker: workerId,
          results,
          acknowledge,
          ...(delivery.cursor !== undefined && { cursor: delivery.cursor }),
        };
      }
      outcome = "complete";
      return;
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      outcome = error.end.kind;
      if (progress.remaining() === undefined) return;
      delayMs = retry.delayAfter(error, workerId);
    } finally {
      if (outcome !== "cancelled") metrics.finals.inc({ chain, outcome });
      lease.release(outcome === "cancelled" ? undefined : outcome === "complete");
    }
    if (delayMs > 0) await clock.sleep(delayMs, signal);
  }
}

interface Progress {
  /** The last complete height; undefined before the first. */
  readonly cursor: Height | undefined;
  advance(delivery: Delivery): void;
  /** Returns the rest of the request; undefined if it is complete. */
  remaining(): TaskRequest | undefined;
}

function createProgress(request: TaskRequest): Progress {
  let cursor: Height | undefined;
  let hash: string | undefined;
  let heights = 0;
  return {
    get cursor() {
      return cursor;
    },
    advance({ results, cursor: reached }) {
      heights += results.filter(isWholeHeight).length;
      if (reached === undefined) return;
      const last = results.findLast((each) => each.kind === "height");
      cursor = reached;
      hash = last?.block.height === reached ? last.block.hash : undefined;
    },
    remaining() {
      if (cursor === undefined) return request;
      return remainingRequest(request, { cursor, heights, ...(hash !== undefined && { hash }) });
    },
  };
}

function isWholeHeight(result: TaskResult): boolean {
  return result.kind === "height" || (result.kind === "quarantine" && result.index === undefined);
}
