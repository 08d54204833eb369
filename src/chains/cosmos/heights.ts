// Reads heights in ascending order with bounded parallel read-ahead.
// Imports only domain, lib and its neighbours; never chooses between nodes.
import type { Height, HeightRange } from "../../domain/height.js";
import type { ChainRef } from "../../domain/chain.js";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import { TakeOnce } from "../../lib/take-once.js";
import { decodeCosmosHeight } from "./decode/height.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";
import type { Measured } from "./node.js";
import type { Nodes } from "./nodes.js";

/** Options of `createHeightReader`. */
export interface HeightReaderOptions {
  readonly chain: ChainRef;
  readonly nodes: Pick<Nodes, "head" | "block" | "results" | "availableResults">;
  /** Maximum heights that one task reads in parallel. */
  readonly parallel: number;
  readonly clock: Clock;
}

/** Reads heights of one chain. The byte budget of the read-ahead is shared by all tasks. */
export interface HeightReader {
  /** Reads one height: its quarantines, then its block with all transactions. */
  read(height: Height, signal: AbortSignal): Promise<readonly TaskResult[]>;
  /** Reads a range in ascending order without a gap. */
  range(range: HeightRange, signal: AbortSignal): AsyncIterable<TaskResult>;
}

/** Milliseconds between attempts at a height that is not ready: 2.5 seconds in total, longer than an index lags behind its node. */
const retryDelaysMs = [100, 200, 400, 800, 1000];
/** Retries after a malformed response, which may be a transient error of the node. */
const malformedRetries = 2;
/** Heights below the head from which a result missing in the index is lost, not late. */
const indexLagHeights = 10;
/** Maximum response bytes that all tasks together read ahead. Decoded heights take several times as much memory. */
const maxReadAheadBytes = 16 * 1024 * 1024;
/** Estimated bytes of a height before the first one is measured: starts with few parallel heights. */
const initialHeightBytes = maxReadAheadBytes / 4;

function isResultMissing(error: unknown): boolean {
  const type = error instanceof TaskFailure ? error.details.type : undefined;
  return type === "not_ready" || type === "not_indexed";
}

interface Reading {
  readonly results: TakeOnce<readonly TaskResult[]>;
  readonly bytes: number;
}

/** Creates a height reader. */
export function createHeightReader({ chain, nodes, parallel, clock }: HeightReaderOptions): HeightReader {
  /** Estimated bytes of the next height. Rises at once and falls slowly, since large heights come in groups. */
  let heightBytes = initialHeightBytes;
  let isMeasured = false;
  /** Estimated bytes that all tasks have reserved. */
  let reserved = 0;

  function updateEstimate(bytes: number): void {
    heightBytes = Math.max(1, bytes, isMeasured ? heightBytes * 0.7 + bytes * 0.3 : bytes);
    isMeasured = true;
  }

  async function withRetries<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let slips = 0;
    for (const waitMs of retryDelaysMs) {
      try {
        return await attempt();
      } catch (error) {
        const type = error instanceof TaskFailure ? error.details.type : undefined;
        // A malformed response may be transient; after the last retry it counts as the node's data.
        if (type === "malformed" ? (slips += 1) > malformedRetries : type !== "not_ready") throw error;
        await clock.sleep(waitMs, signal);
      }
    }
    return attempt();
  }

  /** Reads all results. Far below the head, a result missing in the index is lost: the available ones are returned. */
  async function resultsOf(
    block: RawCosmosBlock,
    signal: AbortSignal,
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>> {
    const { availableResults: knownResults } = nodes;
    const attempt = (): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>> =>
      nodes.results(block, signal);
    if (knownResults === undefined) return withRetries(attempt, signal);
    try {
      return await attempt();
    } catch (error) {
      if (!isResultMissing(error)) throw error;
    }
    const { height: head } = await nodes.head(signal);
    // Only near the head can a retry succeed; for an old block it would request every result again in vain.
    return head - block.height < indexLagHeights ? withRetries(attempt, signal) : knownResults(block, signal);
  }

  async function read(height: Height, signal: AbortSignal): Promise<Reading> {
    try {
      const block = await withRetries(() => nodes.block(height, signal), signal);
      const results = await resultsOf(block.value, signal);
      const decoded = await decodeCosmosHeight(chain, { block: block.value, results: results.value.take() });
      return { results: new TakeOnce(decoded), bytes: block.bytes + results.bytes };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TaskFailure && error.details.type !== "malformed") throw error;
      // One malformed or undecodable height must not end the range.
      return {
        results: new TakeOnce([{ kind: "quarantine", height, error: errorMessage(error) }]),
        bytes: 0,
      };
    }
  }

  async function* range({ from, to }: HeightRange, signal: AbortSignal): AsyncGenerator<TaskResult> {
    const stop = new AbortController();
    const forward = (): void => stop.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    const pending: { readonly reading: Promise<Reading>; readonly reserve: number }[] = [];
    let taskReserved = 0;
    let next = from;
    const reserve = (bytes: number): void => {
      taskReserved += bytes;
      reserved += bytes;
    };
    const hasCapacity = (): boolean =>
      // A task without a pending height may always read one, so that no task starves.
      pending.length === 0 || (pending.length < parallel && reserved + heightBytes <= maxReadAheadBytes);
    try {
      for (;;) {
        signal.throwIfAborted();
        while (next <= to && hasCapacity()) {
          const reading = read(next, stop.signal);
          // Awaited later in order: prevents an unhandled rejection until then.
          reading.catch(() => undefined);
          pending.push({ reading, reserve: heightBytes });
          reserve(heightBytes);
          next += 1;
        }
        const first = pending.shift();
        if (first === undefined) return;
        const { results, bytes } = await first.reading;
        reserve(-first.reserve);
        updateEstimate(bytes);
        yield* results.take();
      }
    } finally {
      reserved -= taskReserved;
      signal.removeEventListener("abort", forward);
      stop.abort(new Error("The range was closed before this height was read."));
    }
  }

  return { range, read: async (height, signal) => (await read(height, signal)).results.take() };
}
