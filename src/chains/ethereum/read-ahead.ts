// Reads heights ahead of the consumer: concurrent batches, delivered in order, bounded in bytes over all tasks.
// Imports only domain and its own folder.
// Never decodes a height.
import type { Height, HeightRange } from "../../domain/height.js";
import type { HeightBatch } from "./block-source.js";
import type { RawEthereumHeight } from "./raw-height.js";

/** Limits of a read-ahead. */
export interface ReadAheadLimits {
  /** Maximum heights of a batch. */
  readonly batchHeights: number;
  /** Maximum batches of one task that are in flight or buffered. */
  readonly parallel: number;
  /** Target size of a batch in bytes: large blocks make smaller batches. */
  readonly batchBytes: number;
  /** Target size of all tasks' batches together in bytes; beyond it, each task still has one batch. */
  readonly totalBytes: number;
}

/** Reads ranges of heights ahead of their consumers. */
export interface ReadAhead {
  /**
   * Returns the heights of a range, ascending. Throws the failure of a batch after it yielded every height before the
   * failure. Returning early aborts the batches in flight.
   */
  heights(range: HeightRange, signal: AbortSignal): AsyncGenerator<RawEthereumHeight, void>;
}

/** Creates the read-ahead of one reader; all of its tasks share the measured size of heights. */
export function createReadAhead(
  read: (from: Height, count: number, signal: AbortSignal) => Promise<HeightBatch>,
  limits: ReadAheadLimits,
): ReadAhead {
  // Until the first measurement, a height counts as a full batch.
  let heightBytes = limits.batchBytes;
  let measured = false;
  /** Bytes of all tasks: the expected size of batches in flight, the measured size of buffered ones. */
  let reserved = 0;

  const recordHeightSize = (bytes: number): void => {
    // Increases at once and decreases slowly, since large blocks tend to come again.
    heightBytes = Math.max(1, bytes, measured ? heightBytes * 0.7 + bytes * 0.3 : bytes);
    measured = true;
  };

  return {
    async *heights({ from, to }, signal) {
      signal.throwIfAborted();
      const stop = new AbortController();
      const forward = (): void => stop.abort(signal.reason);
      signal.addEventListener("abort", forward, { once: true });
      const batches: { readonly result: Promise<HeightBatch>; readonly bytes: number }[] = [];
      let ownReserved = 0;
      let next = from;

      const reserve = (bytes: number): void => {
        ownReserved += bytes;
        reserved += bytes;
      };
      /** Starts batches up to the limits; `force` starts at least one, so that each task makes progress. */
      const startBatches = (force: boolean): void => {
        // The first batch measures the size of a height.
        const parallel = measured ? limits.parallel : 1;
        for (let forced = force; batches.length < parallel && next <= to; forced = false) {
          const fitting = Math.max(1, Math.floor(limits.batchBytes / heightBytes));
          const count = Math.min(limits.batchHeights, fitting, to - next + 1);
          const bytes = count * heightBytes;
          if (!forced && reserved + bytes > limits.totalBytes) return;
          const result = read(next, count, stop.signal);
          // A batch that fails early rejects when the loop below reaches it.
          result.catch(() => {});
          batches.push({ result, bytes });
          reserve(bytes);
          next += count;
        }
      };

      try {
        startBatches(true);
        for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
          const { heights, failure, bytes } = await batch.result;
          if (heights.length > 0) recordHeightSize(bytes / heights.length);
          reserve(bytes - batch.bytes);
          if (failure === undefined) startBatches(false);
          yield* heights;
          if (failure !== undefined) throw failure;
          reserve(-bytes);
          startBatches(batches.length === 0);
        }
      } finally {
        reserved -= ownReserved;
        signal.removeEventListener("abort", forward);
        stop.abort();
      }
    },
  };
}
