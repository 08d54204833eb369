// Where events wait for one subscriber: bounded in number and in bytes. Imports lib/queue; never drops what it took.
import { createQueue } from "../lib/queue.js";
import type { Limits } from "./limits.js";

/** The waiting room of one subscriber. */
export interface Room<T> {
  /** False where there is no room; an item of any size has room where nothing waits. */
  add(item: T): boolean;
  /** Resolves to true when an item is taken or the room ends, to false when nothing happens for so many milliseconds. */
  taken(ms: number): Promise<boolean>;
  /** Waits for the next item, the end, or the error that the room ended with. */
  take(): Promise<IteratorResult<T, undefined>>;
  /** Nothing more comes: what waits is still taken. */
  end(error?: Error): void;
  /** Drops what waits, and ends. */
  clear(): void;
}

/** Creates an empty room. */
export function createRoom<T extends object>(
  limits: Pick<Limits, "waitingEvents" | "waitingBytes">,
): Room<T> {
  const queue = createQueue<{ readonly item: T; readonly bytes: number }>();
  const iterator = queue[Symbol.asyncIterator]();
  let bytes = 0;
  let wake = (): void => {};
  return {
    add: (item) => {
      const size = queue.size === 0 ? 0 : sizeOf(item);
      if (queue.size >= limits.waitingEvents || bytes + size > limits.waitingBytes) return false;
      bytes += size;
      // A queue that has ended takes nothing more, which is no lack of room.
      queue.push({ item, bytes: size });
      return true;
    },
    taken: (ms) =>
      new Promise((resolve) => {
        // Where this process itself stood still, the subscriber gets one more turn of its loop.
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

/** Sizes are asked by each slow subscriber of the same event: reckoned once. */
const sizes = new WeakMap<object, number>();

function sizeOf(item: object): number {
  const known = sizes.get(item);
  if (known !== undefined) return known;
  const size = roughBytes(item);
  sizes.set(item, size);
  return size;
}

/** About how many bytes a value takes. */
function roughBytes(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (value instanceof Uint8Array) return 16 + value.byteLength;
  if (typeof value !== "object" || value === null) return 16;
  return Object.values(value).reduce<number>((sum, each) => sum + roughBytes(each), 16);
}
