// Heights in order, read ahead in parallel and a bounded way.
// Imports only domain, lib and its neighbours; never chooses between nodes.
import type { Height, HeightRange } from "../../domain/height.js";
import type { ChainRef } from "../../domain/chain.js";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { TakeOnce } from "../../lib/take-once.js";
import { decodeCosmosHeight } from "./decode/height.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";
import type { Measured } from "./node.js";
import type { Nodes } from "./nodes.js";

export interface HeightReaderOptions {
  readonly chain: ChainRef;
  readonly nodes: Pick<Nodes, "head" | "block" | "results" | "availableResults">;
  /** Heights read at once at most. */
  readonly parallel: number;
  readonly clock: Clock;
}

export interface HeightReader {
  /** What one height gives: its block with all transactions, and quarantines. */
  read(height: Height, signal: AbortSignal): Promise<readonly TaskResult[]>;
  /** The same for a range, ascending, without a gap. */
  range(range: HeightRange, signal: AbortSignal): AsyncIterable<TaskResult>;
}

/** Milliseconds between tries of a height that a node is about to have: 2.5 seconds in all, more than a node lags behind itself. */
const retryDelaysMs = [100, 200, 400, 800, 1000];
const malformedRetries = 2;
/** Blocks after which a node's index has long taken in a block. */
const indexLagHeights = 10;
/** Bytes of answers that all tasks together have under way or waiting; decoded they take several times as much. */
const maxReadAheadBytes = 16 * 1024 * 1024;
/** What a height is supposed to take before one was read: a few are read at first. */
const initialHeightBytes = maxReadAheadBytes / 4;

function isResultMissing(error: unknown): boolean {
  const type = error instanceof TaskFailure ? error.details.type : undefined;
  return type === "not_ready" || type === "not_indexed";
}

interface Reading {
  readonly results: TakeOnce<readonly TaskResult[]>;
  readonly bytes: number;
}

/** Creates the reader of heights. */
export function createHeightReader({ chain, nodes, parallel, clock }: HeightReaderOptions): HeightReader {
  /** What the next height is expected to take. Up at once, down slowly: what was fat may be fat again. */
  let heightBytes = initialHeightBytes;
  let isMeasured = false;
  /** What all tasks have under way, as expected. */
  let reserved = 0;

  function updateEstimate(bytes: number): void {
    heightBytes = Math.max(1, bytes, isMeasured ? heightBytes * 0.7 + bytes * 0.3 : bytes);
    isMeasured = true;
  }

  async function withRetries<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let slips = 0;
    for (const waitMs of retryDelaysMs) {
      try {
        return await ask();
      } catch (error) {
        const type = error instanceof TaskFailure ? error.details.type : undefined;
        // An answer that makes no sense may be a moment's slip; asked a third time, it is what the node has.
        if (type === "malformed" ? (slips += 1) > malformedRetries : type !== "not_ready") throw error;
        await clock.sleep(waitMs, signal);
      }
    }
    return ask();
  }

  /** All results; of a height well below the head, what an index does not hold by now is lost and not late. */
  async function resultsOf(
    block: RawCosmosBlock,
    signal: AbortSignal,
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>> {
    const { availableResults: knownResults } = nodes;
    const ask = (): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>> => nodes.results(block, signal);
    if (knownResults === undefined) return withRetries(ask, signal);
    try {
      return await ask();
    } catch (error) {
      if (!isResultMissing(error)) throw error;
    }
    const { height: head } = await nodes.head(signal);
    // What is late is waited for; of an old block each try would ask for every result again, and bring no more.
    return head - block.height < indexLagHeights ? withRetries(ask, signal) : knownResults(block, signal);
  }

  async function read(height: Height, signal: AbortSignal): Promise<Reading> {
    try {
      const block = await withRetries(() => nodes.block(height, signal), signal);
      const results = await resultsOf(block.value, signal);
      const answers = await decodeCosmosHeight(chain, { block: block.value, results: results.value.take() });
      return { results: new TakeOnce(answers), bytes: block.bytes + results.bytes };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TaskFailure && error.details.type !== "malformed") throw error;
      // One height that no node gives properly, or that we do not understand, must not end its range.
      const words = error instanceof Error ? error.message : String(error);
      return { results: new TakeOnce([{ kind: "quarantine", height, error: words }]), bytes: 0 };
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
      // One height is always read, whatever the others hold.
      pending.length === 0 || (pending.length < parallel && reserved + heightBytes <= maxReadAheadBytes);
    try {
      for (;;) {
        signal.throwIfAborted();
        while (next <= to && hasCapacity()) {
          const reading = read(next, stop.signal);
          // Awaited in its turn; until then a failure is no unhandled one.
          reading.catch(() => undefined);
          pending.push({ reading, reserve: heightBytes });
          reserve(heightBytes);
          next += 1;
        }
        const first = pending.shift();
        if (first === undefined) return;
        const { results: answers, bytes } = await first.reading;
        reserve(-first.reserve);
        updateEstimate(bytes);
        yield* answers.take();
      }
    } finally {
      reserved -= taskReserved;
      signal.removeEventListener("abort", forward);
      stop.abort(new Error("Nobody waits for this height any more."));
    }
  }

  return { range, read: async (height, signal) => (await read(height, signal)).results.take() };
}
