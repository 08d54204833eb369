// One subscriber: its events go through a bounded buffer, so a slow subscriber slows or ends only its own subscription.
// Imports domain/errors and this folder. Never retains an event after its subscriber has ended.
import { toIndexerError, IndexerError } from "../domain/errors.js";
import type { GatewayContext } from "./context.js";
import { createEventBuffer } from "./event-buffer.js";

type SubscriberContext = Pick<GatewayContext, "limits" | "disconnected" | "closing">;

interface Subscription<T> {
  /** Starts the events. Throws at once if the request is wrong. The events end soon after the signal aborts. */
  readonly source: (signal: AbortSignal) => AsyncIterable<T>;
  /** Milliseconds that the source waits for a subscriber with a full buffer, before the subscription ends. */
  readonly stallMs: number;
  /** Whether the source itself ends with a final event when the gateway closes. */
  readonly endsItself: boolean;
  /** Returns the cursor of an event, from which the subscriber can resume. */
  readonly cursorOf?: (item: T) => string;
}

/**
 * Delivers every event in order, through a buffer that absorbs bursts. If the buffer is full and the subscriber takes
 * nothing for `watchStallMs`, or if the source itself overflows, the subscription ends: the subscriber receives the buffered
 * events, then OVERLOADED with the last cursor.
 */
export function buffered<T extends object>(
  context: SubscriberContext,
  { source, cursorOf }: Pick<Subscription<T>, "source"> & { readonly cursorOf: (item: T) => string },
): AsyncIterableIterator<T> {
  return deliver(context, { source, cursorOf, stallMs: context.limits.watchStallMs, endsItself: false });
}

/** Delivers every event of a fetch in order. The fetch waits for its subscriber, for at most `fetchStallMs` at a time. */
export function backpressured<T extends object>(
  context: SubscriberContext,
  { source }: Pick<Subscription<T>, "source">,
): AsyncIterableIterator<T> {
  return deliver(context, { source, stallMs: context.limits.fetchStallMs, endsItself: true });
}

/** Delivers the newest state of each key. A newer state replaces an older one that was not taken yet. */
export function conflated<T extends object>(
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
        const isWaiting = states.has(key);
        states.set(key, item);
        if (!isWaiting) yield { key };
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
  { limits, disconnected, closing }: SubscriberContext,
  { source, stallMs, endsItself, cursorOf }: Subscription<T>,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  // A wrong request throws here, so that the subscription does not start.
  const events = source(stop.signal);
  const buffer = createEventBuffer<T>(limits);
  let last: string | undefined;
  const finish = (): void => {
    disconnected.removeEventListener("abort", disconnect);
    closing.removeEventListener("abort", close);
    stop.abort();
  };
  const disconnect = (): void => {
    buffer.clear();
    finish();
  };
  const close = (): void => {
    buffer.end(
      new IndexerError("SHUTTING_DOWN", "This manager is shutting down. Subscribe again at another manager."),
    );
    finish();
  };
  disconnected.addEventListener("abort", disconnect);
  if (!endsItself) closing.addEventListener("abort", close);

  const pump = async (): Promise<void> => {
    try {
      for await (const item of events) {
        while (!buffer.push(item)) {
          if (!(await buffer.waitForTake(stallMs))) throw overloaded(limits);
        }
        last = cursorOf?.(item);
        if (stop.signal.aborted) break;
      }
      buffer.end();
    } catch (error) {
      // An error after the subscription ended is a consequence of its end.
      buffer.end(stop.signal.aborted ? undefined : withCursor(toIndexerError(error), last));
    }
    finish();
  };
  if (disconnected.aborted) disconnect();
  else if (closing.aborted && !endsItself) close();
  else void pump();

  const iterator: AsyncIterableIterator<T> = {
    next: () => buffer.take(),
    return: async () => {
      disconnect();
      return { value: undefined, done: true };
    },
    throw: async (error) => {
      disconnect();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function overloaded({ waitingEvents, waitingBytes }: SubscriberContext["limits"]): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `The subscription ended because the subscriber was too slow: at most ${waitingEvents} events or ${waitingBytes} bytes may wait. Query what was missed, then subscribe again.`,
    { limit: waitingEvents },
  );
}

/** Adds the cursor from which a subscriber that was too slow can resume. */
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
