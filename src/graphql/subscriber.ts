// The room of one subscriber: events wait here, bounded, so that nobody waits for him.
// Imports domain/errors and lib/queue; never holds an event longer than its subscriber.
import { asIndexerError, IndexerError } from "../domain/errors.js";
import { createQueue } from "../lib/queue.js";
import type { GatewayContext } from "./context.js";

type Source<T> = (signal: AbortSignal) => AsyncIterable<T>;
type SubscriberContext = Pick<GatewayContext, "limits" | "left" | "closing">;

/** Takes an item in, or tells why the subscription ends instead. */
type Intake<T> = (item: T) => IndexerError | undefined | Promise<IndexerError | undefined>;

interface Outlet<T> {
  readonly intake: Intake<T>;
  /** Called as an item leaves; answers what is handed out. */
  readonly source: Source<T>;
  /** Whether the source ends by itself, in its own words, when the gateway closes. */
  readonly endsItself: boolean;
}

/** What waits for a subscriber, with how much room it takes. */
interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
}

/**
 * Every event, in order. A subscriber who leaves more waiting than there is room for is ended: he gets what waits, then
 * OVERLOADED with the cursor of the last event he got.
 */
export function eachOf<T extends object>(
  context: SubscriberContext,
  { source, cursorOf }: { readonly source: Source<T>; readonly cursorOf: (item: T) => string },
): AsyncIterableIterator<T> {
  const room = createRoom<T>(context);
  let last: string | undefined;
  return run(context, room, {
    source,
    endsItself: false,
    intake: (item) => {
      if (!room.add(item)) return overloaded(context, last);
      last = cursorOf(item);
      return undefined;
    },
  });
}

/** Every event, in order, as fast as the subscriber takes them: the source waits, but for a bounded time. */
export function pacedOf<T extends object>(
  context: SubscriberContext,
  { source }: { readonly source: Source<T> },
): AsyncIterableIterator<T> {
  const room = createRoom<T>(context);
  return run(context, room, {
    source,
    endsItself: true,
    intake: async (item) => {
      while (!room.add(item)) {
        if (!(await room.taken(context.limits.stallMs))) return overloaded(context, undefined);
      }
      return undefined;
    },
  });
}

/** The newest state of each thing: what was not taken yet is replaced by what came after it. */
export function latestOf<T extends object>(
  context: SubscriberContext,
  { source, keyOf }: { readonly source: Source<T>; readonly keyOf: (item: T) => string },
): AsyncIterableIterator<T> {
  const states = new Map<string, T>();
  const keys = createRoom<{ readonly key: string }>(context);
  const inner = run(context, keys, {
    endsItself: false,
    intake: ({ key }) => (keys.add({ key }) ? undefined : overloaded(context, undefined)),
    source: async function* (signal) {
      for await (const item of source(signal)) {
        const key = keyOf(item);
        const waits = states.has(key);
        states.set(key, item);
        if (!waits) yield { key };
      }
    },
  });
  return mapped(inner, ({ key }) => {
    const state = states.get(key);
    states.delete(key);
    return state;
  });
}

function overloaded({ limits }: SubscriberContext, cursor: string | undefined): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `This subscription was ended: more than ${limits.waitingEvents} events or ${limits.waitingBytes} bytes waited to be taken. Ask for what was missed by a query, then subscribe again.`,
    { limit: limits.waitingEvents, ...(cursor !== undefined && { cursor }) },
  );
}

interface Room<T> {
  /** False where there is no room; an item of any size has room where nothing waits. */
  add(item: T): boolean;
  /** Resolves to true when an item is taken, to false when none is for so many milliseconds. */
  taken(ms: number): Promise<boolean>;
  take(): Promise<IteratorResult<T, undefined>>;
  end(error?: Error): void;
  clear(): void;
}

function createRoom<T extends object>({ limits }: SubscriberContext): Room<T> {
  const queue = createQueue<Waiting<T>>();
  const iterator = queue[Symbol.asyncIterator]();
  let bytes = 0;
  let wake: ((taken: boolean) => void) | undefined;
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
        const timer = setTimeout(() => resolve(false), ms);
        wake = (taken) => {
          clearTimeout(timer);
          resolve(taken);
        };
      }),
    take: async () => {
      const next = await iterator.next();
      wake?.(true);
      if (next.done === true) return { value: undefined, done: true };
      bytes -= next.value.bytes;
      return { value: next.value.item, done: false };
    },
    end: (error) => queue.end(error),
    clear: () => {
      queue.clear();
      wake?.(true);
    },
  };
}

function run<T extends object>(
  { left, closing }: SubscriberContext,
  room: Room<T>,
  { source, intake, endsItself }: Outlet<T>,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  const leave = (): void => {
    room.clear();
    finish();
  };
  const close = (): void => {
    room.end(new IndexerError("SHUTTING_DOWN", "This manager is closing: subscribe again at another one."));
    finish();
  };
  const finish = (): void => {
    left.removeEventListener("abort", leave);
    closing.removeEventListener("abort", close);
    stop.abort();
  };
  left.addEventListener("abort", leave);
  if (!endsItself) closing.addEventListener("abort", close);

  const pump = async (): Promise<void> => {
    try {
      for await (const item of source(stop.signal)) {
        const reason = await intake(item);
        if (reason !== undefined) throw reason;
        if (stop.signal.aborted) break;
      }
      room.end();
    } catch (error) {
      // What stops because it was told to has nothing to say.
      room.end(stop.signal.aborted ? undefined : asIndexerError(error));
    }
    finish();
  };
  if (left.aborted) leave();
  else if (closing.aborted && !endsItself) close();
  else void pump();

  const iterator: AsyncIterableIterator<T> = {
    next: () => room.take(),
    return: async () => {
      leave();
      return { value: undefined, done: true };
    },
    throw: async (error) => {
      leave();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function mapped<T, U>(
  inner: AsyncIterableIterator<T>,
  map: (item: T) => U | undefined,
): AsyncIterableIterator<U> {
  const iterator: AsyncIterableIterator<U> = {
    next: async () => {
      for (;;) {
        const result = await inner.next();
        if (result.done === true) return { value: undefined, done: true };
        const value = map(result.value);
        if (value !== undefined) return { value, done: false };
      }
    },
    return: async () => {
      await inner.return?.();
      return { value: undefined, done: true };
    },
    throw: async (error) => {
      await inner.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
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
