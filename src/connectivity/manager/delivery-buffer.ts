// The deliveries of one call between the session that receives them and the task that consumes them.
// Imports only domain and protocol; never sends.
import type { TaskResult } from "../../domain/task.js";
import { counts, sizes } from "../protocol/limits.js";
import type { Delivery } from "./call.js";

/**
 * Deliveries that are not consumed. The buffer holds at most credit × largest batch, usually 16 × 256 KiB = 4 MiB,
 * and never more than `sizes.call` (128 MiB) plus one message. The credit share of the dispatcher bounds the sum over
 * all tasks.
 */
export interface DeliveryBuffer {
  /** Adds a delivery. Returns false if the buffer is full: the worker ignores its credit. */
  push(delivery: Delivery): boolean;
  /** Ends the iteration after the buffered deliveries, with an error or without. Only the first call counts. */
  end(error?: Error): void;
  /** Drops the buffered deliveries and ends the iteration with an error. */
  abort(error: Error): void;
  /** Small deliveries that wait together are merged up to the size of a batch. Iterated once. */
  readonly deliveries: AsyncIterable<Delivery>;
}

/** Creates an empty buffer. */
export function createDeliveryBuffer(options: {
  /** The buffered bytes changed by a number. */
  bytesChanged(by: number): void;
  /** The consumer ended the iteration early. */
  onReturn(): void;
}): DeliveryBuffer {
  let buffered: Delivery[] = [];
  let bytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const addBytes = (by: number): void => {
    bytes += by;
    options.bytesChanged(by);
  };
  const drop = (): void => {
    buffered = [];
    addBytes(-bytes);
  };
  const end = (error?: Error): void => {
    if (ended) return;
    ended = true;
    failure = error;
    wake?.();
  };

  const takeMerged = (first: Delivery): Delivery => {
    let merged = first;
    let taken = 1;
    let [heights, transactions] = sizeOf(first.results);
    for (const next of buffered.slice(1)) {
      const [moreHeights, moreTransactions] = sizeOf(next.results);
      heights += moreHeights;
      transactions += moreTransactions;
      if (heights > counts.batchHeights || transactions > counts.batchTransactions) break;
      merged = {
        ...next,
        results: [...merged.results, ...next.results],
        messages: merged.messages + next.messages,
        bytes: merged.bytes + next.bytes,
      };
      taken += 1;
    }
    buffered.splice(0, taken);
    addBytes(-merged.bytes);
    return merged;
  };

  return {
    push(delivery) {
      if (ended) return true;
      buffered.push(delivery);
      addBytes(delivery.bytes);
      wake?.();
      return bytes <= sizes.call;
    },
    end,
    abort(error) {
      drop();
      ended = true;
      failure = error;
      wake?.();
    },
    deliveries: {
      [Symbol.asyncIterator]: () => ({
        async next() {
          for (;;) {
            const [first] = buffered;
            if (first !== undefined) return { done: false, value: takeMerged(first) };
            if (failure !== undefined) throw failure;
            if (ended) return { done: true, value: undefined };
            await new Promise<void>((resolve) => (wake = resolve));
          }
        },
        return() {
          drop();
          end();
          options.onReturn();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    },
  };
}

function sizeOf(results: readonly TaskResult[]): [heights: number, transactions: number] {
  const transactions = results.map((each) => (each.kind === "height" ? each.transactions.length : 1));
  return [results.length, transactions.reduce((sum, each) => sum + each, 0)];
}
