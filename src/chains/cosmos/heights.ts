// Heights in order, read ahead in parallel and a bounded way.
// Imports only domain, lib and its neighbours; never chooses between nodes.
import type { Height, HeightRange } from "../../domain/height.js";
import type { ChainRef } from "../../domain/chain.js";
import { TaskFailure, type Answer } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { decodeHeight } from "./decode/height.js";
import type { Nodes } from "./nodes.js";

export interface HeightsOptions {
  readonly chain: ChainRef;
  readonly nodes: Pick<Nodes, "block" | "results">;
  /** Heights read at once at most. */
  readonly parallel: number;
  readonly clock: Clock;
}

export interface Heights {
  /** What one height gives: its block with all transactions, and quarantines. */
  read(height: Height, signal: AbortSignal): Promise<Answer[]>;
  /** The same for a range, ascending, without a gap. */
  range(range: HeightRange, signal: AbortSignal): AsyncIterable<Answer>;
}

/** Milliseconds between tries of a height that a node is about to have: 2.5 seconds in all, more than a node lags behind itself. */
const soonMs = [100, 200, 400, 800, 1000];
const slipsForgiven = 2;
/** Bytes of transactions and logs that may wait for the consumer; decoded they take some five times as much. */
const aheadBytes = 8 * 1024 * 1024;
/** Heights read at once before the size of the chain's blocks is known. */
const firstWindow = 4;

/** Creates the reader of heights. */
export function createHeights({ chain, nodes, parallel, clock }: HeightsOptions): Heights {
  async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let slips = 0;
    for (const waitMs of soonMs) {
      try {
        return await ask();
      } catch (error) {
        const type = error instanceof TaskFailure ? error.details.type : undefined;
        // An answer that makes no sense may be a moment's slip; asked a third time, it is what the node has.
        if (type === "malformed" ? (slips += 1) > slipsForgiven : type !== "not_ready") throw error;
        await clock.sleep(waitMs, signal);
      }
    }
    return ask();
  }

  async function read(height: Height, signal: AbortSignal): Promise<Answer[]> {
    try {
      const block = await patiently(() => nodes.block(height, signal), signal);
      const results = await patiently(() => nodes.results(block, signal), signal);
      return await decodeHeight(chain, { block, results });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TaskFailure && error.details.type !== "malformed") throw error;
      // One height that no node gives properly, or that we do not understand, must not end its range.
      const words = error instanceof Error ? error.message : String(error);
      return [{ kind: "quarantine", height, error: words }];
    }
  }

  async function* range({ from, to }: HeightRange, signal: AbortSignal): AsyncGenerator<Answer> {
    const stop = new AbortController();
    const forward = (): void => stop.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    const ahead: Promise<Answer[]>[] = [];
    let window = Math.min(firstWindow, parallel);
    let next = from;
    try {
      for (;;) {
        signal.throwIfAborted();
        while (ahead.length < window && next <= to) {
          const reading = read(next, stop.signal);
          // Awaited in its turn; until then a failure is no unhandled one.
          reading.catch(() => undefined);
          ahead.push(reading);
          next += 1;
        }
        const first = ahead.shift();
        if (first === undefined) return;
        const answers = await first;
        window = Math.max(1, Math.min(parallel, Math.floor(aheadBytes / Math.max(1, sizeOf(answers)))));
        yield* answers;
      }
    } finally {
      signal.removeEventListener("abort", forward);
      stop.abort(new Error("Nobody waits for this height any more."));
    }
  }

  return { read, range };
}

function sizeOf(answers: readonly Answer[]): number {
  let bytes = 0;
  for (const answer of answers) {
    if (answer.kind !== "height") continue;
    for (const { raw, rawLog } of answer.transactions) bytes += (raw?.length ?? 0) + (rawLog?.length ?? 0);
  }
  return bytes;
}
