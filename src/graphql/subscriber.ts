// One subscriber: events go through a bounded room, so that only his own subscription feels how slow he is.
// Imports domain/errors and this folder; never holds an event longer than its subscriber.
import { toIndexerError, IndexerError } from "../domain/errors.js";
import type { GatewayContext } from "./context.js";
import { createRoom } from "./room.js";

type SubscriberContext = Pick<GatewayContext, "limits" | "left" | "closing">;

interface Subscription<T> {
  /** Where events come from; ends soon after the signal aborts. */
  readonly source: (signal: AbortSignal) => AsyncIterable<T>;
  /** Milliseconds for which a full room may stand still before its subscriber is given up. */
  readonly stallMs: number;
  /** Whether the source ends by itself, in its own words, when the gateway closes. */
  readonly endsItself: boolean;
  /** Names an event's place, for the subscriber to go on from. */
  readonly cursorOf?: (item: T) => string;
}

/**
 * Every event, in order. A burst waits for its subscriber, who has room for so many events; one who takes nothing while the
 * room is full, or falls behind further than the source keeps, gets what waits, then OVERLOADED with the last cursor.
 */
export function eachOf<T extends object>(
  context: SubscriberContext,
  { source, cursorOf }: Pick<Subscription<T>, "source"> & { readonly cursorOf: (item: T) => string },
): AsyncIterableIterator<T> {
  return deliver(context, { source, cursorOf, stallMs: context.limits.watchStallMs, endsItself: false });
}

/** Every event of a fetch, in order: the work waits for its subscriber, but for a bounded time. */
export function pacedOf<T extends object>(
  context: SubscriberContext,
  { source }: Pick<Subscription<T>, "source">,
): AsyncIterableIterator<T> {
  return deliver(context, { source, stallMs: context.limits.fetchStallMs, endsItself: true });
}

/** The newest state of each thing: what was not taken yet is replaced by what came after it. */
export function latestOf<T extends object>(
  context: SubscriberContext,
  { source, keyOf }: Pick<Subscription<T>, "source"> & { readonly keyOf: (item: T) => string },
): AsyncIterableIterator<T> {
  const states = new Map<string, T>();
  const keys = deliver<{ readonly key: string }>(context, {
    stallMs: context.limits.watchStallMs,
    endsItself: false,
    source: async function* (signal) {
      for await (const item of source(signal)) {
        const key = keyOf(item);
        const waits = states.has(key);
        states.set(key, item);
        if (!waits) yield { key };
      }
    },
  });
  return mapped(keys, ({ key }) => {
    const state = states.get(key);
    states.delete(key);
    return state;
  });
}

function deliver<T extends object>(
  { limits, left, closing }: SubscriberContext,
  { source, stallMs, endsItself, cursorOf }: Subscription<T>,
): AsyncIterableIterator<T> {
  const room = createRoom<T>(limits);
  const stop = new AbortController();
  let last: string | undefined;
  const finish = (): void => {
    left.removeEventListener("abort", leave);
    closing.removeEventListener("abort", close);
    stop.abort();
  };
  const leave = (): void => {
    room.clear();
    finish();
  };
  const close = (): void => {
    room.end(new IndexerError("SHUTTING_DOWN", "This manager is closing: subscribe again at another one."));
    finish();
  };
  left.addEventListener("abort", leave);
  if (!endsItself) closing.addEventListener("abort", close);

  const pump = async (): Promise<void> => {
    try {
      for await (const item of source(stop.signal)) {
        while (!room.add(item)) {
          if (!(await room.taken(stallMs))) throw overloaded(limits);
        }
        last = cursorOf?.(item);
        if (stop.signal.aborted) break;
      }
      room.end();
    } catch (error) {
      // What stops because it was told to has nothing to say.
      room.end(stop.signal.aborted ? undefined : withCursor(toIndexerError(error), last));
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

function overloaded({ waitingEvents, waitingBytes }: SubscriberContext["limits"]): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `This subscription was ended: ${waitingEvents} events or ${waitingBytes} bytes waited and none was taken. Ask for what was missed by a query, then subscribe again.`,
    { limit: waitingEvents },
  );
}

/** Tells one who fell behind where to go on. */
function withCursor(error: IndexerError, cursor: string | undefined): IndexerError {
  if (error.code !== "OVERLOADED" || cursor === undefined) return error;
  return new IndexerError(error.code, error.message, { cursor, ...error.facts }, { cause: error });
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
