// The buffer of one subscriber: bounded in events and in bytes. Imports lib/queue. Never drops an event that it accepted.
import { createQueue } from "../lib/queue.js";
import type { Limits } from "./limits.js";

/** The buffer of one subscriber. */
export interface EventBuffer<T> {
  /** Adds an item. Returns false if the buffer is full. An empty buffer accepts an item of any size. */
  push(item: T): boolean;
  /** Resolves to true when an item is taken or the buffer is cleared, to false after `ms` milliseconds without either. */
  waitForTake(ms: number): Promise<boolean>;
  /** Waits for the next item or the end. Rejects with the error of `end`, after the items before it. */
  take(): Promise<IteratorResult<T, undefined>>;
  /** Accepts no more items. Items in the buffer can still be taken. */
  end(error?: Error): void;
  /** Drops all items and ends. */
  clear(): void;
}

/** Creates an empty buffer. */
export function createEventBuffer<T extends object>(
  limits: Pick<Limits, "waitingEvents" | "waitingBytes">,
): EventBuffer<T> {
  const queue = createQueue<{ readonly item: T; readonly bytes: number }>();
  const iterator = queue[Symbol.asyncIterator]();
  let bytes = 0;
  let wake = (): void => {};
  return {
    push: (item) => {
      const size = queue.size === 0 ? 0 : estimatedBytes(item);
      if (queue.size >= limits.waitingEvents || bytes + size > limits.waitingBytes) return false;
      bytes += size;
      // A queue that has ended ignores the item. That is not a lack of capacity, so the result stays true.
      queue.push({ item, bytes: size });
      return true;
    },
    waitForTake: (ms) =>
      new Promise((resolve) => {
        // If this process itself was blocked, the subscriber has one more turn of the event loop to read.
        const timer = setTimeout(() => setImmediate(() => resolve(false)), ms);
        wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
      }),
    take: async () => {
      const next = await iterator.next();
      if (next.done !== true) bytes -= next.value.bytes;
      wake();
      return next.done === true ? { value: undefined, done: true } : { value: next.value.item, done: false };
    },
    end: (error) => queue.end(error),
    clear: () => {
      queue.clear();
      wake();
    },
  };
}

/** Estimates by event: all slow subscribers of one event share one estimate. */
const estimates = new WeakMap<object, number>();

function estimatedBytes(item: object): number {
  const known = estimates.get(item);
  if (known !== undefined) return known;
  const size = roughBytes(item);
  estimates.set(item, size);
  return size;
}

/** The approximate size of a value in memory, in bytes. */
function roughBytes(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (value instanceof Uint8Array) return 16 + value.byteLength;
  if (typeof value !== "object" || value === null) return 16;
  return Object.values(value).reduce<number>((sum, each) => sum + roughBytes(each), 16);
}
