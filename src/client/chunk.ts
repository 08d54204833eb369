// One attempt of one chunk: stores its heights, then records how the attempt ended.
// Imports domain, lib and the ports of store.
import { toIndexerError, type ErrorCode } from "../domain/errors.js";
import { totalHeights } from "../domain/height.js";
import { chunkBackoff, maxChunkAttempts, nextWindow, type Chunk, type ChunkEnd } from "../domain/run.js";
import { toWorkFailure } from "../domain/work-failure.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { Store } from "../store/port.js";
import type { StoreHeights } from "./store-heights.js";

/** The services that execute a chunk. */
export interface ChunkDeps {
  readonly store: Pick<Store, "endChunk">;
  readonly storeHeights: StoreHeights;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

/** The reasons to stop a chunk before its end. */
export interface ChunkSignals {
  /** Aborts when the lease is lost: nothing may be recorded. */
  readonly lost: AbortSignal;
  /** Aborts when the manager stops: the chunk is given back. */
  readonly stopping: AbortSignal;
}

/** Failures that are not the chunk's: it waits without an attempt being counted. */
const notTheChunk: ReadonlySet<ErrorCode> = new Set(["NO_WORKER", "OVERLOADED", "SHUTTING_DOWN"]);
const releaseDelayMs = 1_000;

/** Executes an attempt. Rejects only if its end cannot be recorded: then the lease expires, and another manager continues. */
export async function executeChunk(
  deps: ChunkDeps,
  chunk: Chunk,
  { lost, stopping }: ChunkSignals,
): Promise<void> {
  const { store, storeHeights, clock, logger } = deps;
  const startedAt = clock.monotonic();
  let hasProgress = false;
  const failureEnd = (error: unknown): ChunkEnd => {
    const failure = toWorkFailure(error);
    const attempts = hasProgress ? 1 : chunk.attempts;
    if (stopping.aborted) return { kind: "released", delayMs: 0 };
    if (notTheChunk.has(failure.code)) return { kind: "released", delayMs: releaseDelayMs };
    const final = !failure.retryable || attempts >= maxChunkAttempts;
    logger.warn(
      { error, run: chunk.runId, chunk: chunk.id, attempts, final },
      "An attempt of a chunk failed.",
    );
    if (final) return { kind: "failed", failure };
    return { kind: "failed", failure, delayMs: backoffDelay(chunkBackoff, attempts - 1, deps.random) };
  };

  let end: ChunkEnd;
  try {
    await storeHeights({
      chain: chunk.chain,
      ranges: chunk.heights,
      // The number of chunks, not of tasks, follows the capacity of the workers.
      parallel: 1,
      caller: `run ${chunk.runId}`,
      priority: "background",
      signal: AbortSignal.any([lost, stopping]),
      lease: chunk,
      onStored: () => (hasProgress = true),
    });
    const work = { heights: totalHeights(chunk.heights), elapsedMs: clock.monotonic() - startedAt };
    // The rest of an interrupted chunk says nothing about the size of a whole one.
    const isWhole = chunk.attempts === 1 && work.heights > 0;
    end = { kind: "done", ...(isWhole && { nextWindow: nextWindow(work) }) };
  } catch (error) {
    if (lost.aborted || toIndexerError(error).code === "CONFLICT") return;
    end = failureEnd(error);
  }
  await store.endChunk(chunk, end);
}
