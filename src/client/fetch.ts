// Use case: fetch from the chain through the workers, store each part, report it, and end with exactly one final.
import { randomUUID } from "node:crypto";
import type { Workers } from "../connectivity/port.js";
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { rangeSize } from "../domain/height.js";
import type { TaskRequest } from "../domain/task.js";
import { participation } from "../domain/transaction.js";
import { toWorkFailure, type WorkFailure } from "../domain/work-failure.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { planHeightTasks } from "./plan.js";
import type { FetchEvent, FetchFinal, FetchRequest } from "./port.js";
import { runTasks, type RunTasksDeps } from "./run-tasks.js";

/** The services that a fetch uses. */
export interface FetchDeps extends RunTasksDeps {
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates the use case. An invalid request throws BAD_USER_INPUT before the first event. */
export function createFetch(
  deps: FetchDeps,
): (request: FetchRequest, signal: AbortSignal) => AsyncIterable<FetchEvent> {
  return (request, signal) => {
    validateFetchRequest(request);
    return runFetch(deps, request, signal);
  };
}

async function* runFetch(
  deps: FetchDeps,
  request: FetchRequest,
  signal: AbortSignal,
): AsyncGenerator<FetchEvent> {
  const { clock, logger, workers } = deps;
  const { chain, target, caller } = request;
  const fetchId = randomUUID();
  const startedAt = clock.monotonic();
  const total = "heights" in target ? rangeSize(target.heights) : 1;
  const tasks: TaskRequest[] =
    "hash" in target
      ? [{ kind: "transaction", chain, hash: target.hash }]
      : planHeightTasks(chain, [target.heights], deps.dispatcher.capacity(chain));
  const count = { parts: 0, heights: 0, blocks: 0, transactions: 0 };

  yield {
    kind: "accepted",
    fetchId,
    tasks: tasks.length,
    workers: workers
      .list(chain)
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
    durationMs: Math.round(clock.monotonic() - startedAt),
    ...(error !== undefined && { error }),
  });

  try {
    for await (const part of runTasks(deps, tasks, { caller, priority: "interactive", signal })) {
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
        progress: "heights" in target ? count.heights / total : 1,
      };
      count.parts += 1;
    }
    yield final("SUCCEEDED");
  } catch (error) {
    if (signal.aborted) {
      yield final("CANCELLED", toWorkFailure(signal.reason));
    } else {
      logger.warn({ error, fetchId, chain: chainName(chain) }, "A fetch failed.");
      yield final("FAILED", toWorkFailure(error));
    }
  }
}

/** Throws BAD_USER_INPUT if the request names too many heights, or a hash that is empty or too long. */
export function validateFetchRequest({ target, maxHeights }: FetchRequest): void {
  if ("hash" in target) {
    if (target.hash.trim() === "" || target.hash.length > 256) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        `target.hash: ${target.hash.length} characters, 1 to 256 allowed, not only spaces.`,
        { argument: "target.hash" },
      );
    }
    return;
  }
  const actual = rangeSize(target.heights);
  if (actual > maxHeights) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      `target.heights: ${actual} heights requested, at most ${maxHeights} allowed. Split the range into several fetches.`,
      { argument: "target.heights", limit: maxHeights, actual },
    );
  }
}
