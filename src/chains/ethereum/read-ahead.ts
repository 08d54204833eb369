// Reads heights ahead of the consumer: several batches at once, delivered in order, bounded in bytes over all tasks.
// Imports only domain and its own folder. Never knows what a height holds, nor decodes one.
import type { Height, HeightRange } from "../../domain/height.js";
import type { HeightRun } from "./block-source.js";
import type { RawEthereumHeight } from "./raw-height.js";

export interface ReadAheadLimits {
  /** Heights in a batch at most. */
  readonly batchHeights: number;
  /** Batches of one task under way, or read and waiting, at most. */
  readonly parallel: number;
  /** Bytes of a batch that are aimed at: fat blocks make smaller batches. */
  readonly batchBytes: number;
  /** Bytes of all tasks together that are aimed at; beyond it, each task still has one batch. */
  readonly totalBytes: number;
}

export interface ReadAhead {
  /**
   * The heights of a range, ascending. Throws the failure of a batch once everything before it was given. Leaving the
   * iteration stops what is under way.
   */
  heights(range: HeightRange, signal: AbortSignal): AsyncGenerator<RawEthereumHeight, void>;
}

/** Creates the read-ahead of one reader; what it learns of the size of heights serves all of its tasks. */
export function createReadAhead(
  read: (from: Height, count: number, signal: AbortSignal) => Promise<HeightRun>,
  limits: ReadAheadLimits,
): ReadAhead {
  // Until one was read, a height is supposed to fill a batch.
  let heightBytes = limits.batchBytes;
  let measured = false;
  /** Bytes that are under way, as expected, or wait, as they are, in all tasks. */
  let reserved = 0;

  const learn = (now: number): void => {
    // Up at once, down slowly: what was fat may be fat again.
    heightBytes = Math.max(1, now, measured ? heightBytes * 0.7 + now * 0.3 : now);
    measured = true;
  };

  return {
    async *heights({ from, to }, signal) {
      signal.throwIfAborted();
      const stop = new AbortController();
      const forward = (): void => stop.abort(signal.reason);
      signal.addEventListener("abort", forward, { once: true });
      const waiting: { readonly run: Promise<HeightRun>; readonly bytes: number }[] = [];
      let held = 0;
      let next = from;

      const hold = (bytes: number): void => {
        held += bytes;
        reserved += bytes;
      };
      const start = (first: boolean): void => {
        // Until the size of a height is known, one batch finds it out.
        const parallel = measured ? limits.parallel : 1;
        for (let must = first; waiting.length < parallel && next <= to; must = false) {
          const fitting = Math.max(1, Math.floor(limits.batchBytes / heightBytes));
          const count = Math.min(limits.batchHeights, fitting, to - next + 1);
          const bytes = count * heightBytes;
          if (!must && reserved + bytes > limits.totalBytes) return;
          const run = read(next, count, stop.signal);
          // A batch that fails while nobody waits for it is reported when its turn comes.
          run.catch(() => {});
          waiting.push({ run, bytes });
          hold(bytes);
          next += count;
        }
      };

      try {
        start(true);
        for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
          const { heights, failure, bytes } = await batch.run;
          if (heights.length > 0) learn(bytes / heights.length);
          hold(bytes - batch.bytes);
          if (failure === undefined) start(false);
          yield* heights;
          if (failure !== undefined) throw failure;
          hold(-bytes);
          start(waiting.length === 0);
        }
      } finally {
        reserved -= held;
        signal.removeEventListener("abort", forward);
        stop.abort();
      }
    },
  };
}
