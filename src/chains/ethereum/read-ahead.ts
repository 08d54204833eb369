// Reads heights ahead of the consumer: several batches at once, delivered in order, bounded in bytes.
// Imports only domain and its own folder. Never knows what a height holds, nor decodes one.
import type { Height, HeightRange } from "../../domain/height.js";
import type { HeightRun } from "./block-source.js";
import type { RawHeight } from "./raw-height.js";

export interface ReadAheadLimits {
  /** Heights in a batch at most. */
  readonly batchHeights: number;
  /** Batches under way, or read and waiting, at most. */
  readonly parallel: number;
  /** Bytes of a batch that are aimed at: fat blocks make smaller batches. */
  readonly batchBytes: number;
}

/** Supposed of a height until the first one was read. */
const firstGuessBytes = 64 * 1024;

/**
 * The heights of a range, ascending. Throws the failure of a batch once everything before it was given. At most `parallel`
 * batches are ahead of the consumer; leaving the iteration stops what is under way.
 */
export async function* readAhead(
  { from, to }: HeightRange,
  read: (from: Height, count: number, signal: AbortSignal) => Promise<HeightRun>,
  { limits, signal }: { readonly limits: ReadAheadLimits; readonly signal: AbortSignal },
): AsyncGenerator<RawHeight, void> {
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", forward, { once: true });
  const waiting: Promise<HeightRun>[] = [];
  let next = from;
  let heightBytes = firstGuessBytes;

  const start = (): void => {
    while (waiting.length < limits.parallel && next <= to) {
      const fitting = Math.max(1, Math.floor(limits.batchBytes / heightBytes));
      const count = Math.min(limits.batchHeights, fitting, to - next + 1);
      const batch = read(next, count, stop.signal);
      // A batch that fails while nobody waits for it is reported when its turn comes.
      batch.catch(() => {});
      waiting.push(batch);
      next += count;
    }
  };

  try {
    start();
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      const { heights, failure, bytes } = await batch;
      if (heights.length > 0) {
        const now = bytes / heights.length;
        // Up at once, down slowly: what was fat may be fat again.
        heightBytes = Math.max(1, now, heightBytes * 0.7 + now * 0.3);
      }
      if (failure === undefined) start();
      yield* heights;
      if (failure !== undefined) throw failure;
    }
  } finally {
    signal.removeEventListener("abort", forward);
    stop.abort();
  }
}
