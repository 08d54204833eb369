// A bounded queue between one who pushes and one who iterates.

/** Items in order, at most `limit` waiting. Iterated by one consumer. */
export interface Queue<T> extends AsyncIterable<T> {
  readonly size: number;
  /** Adds an item; false where the queue is full or ended: the item was not taken. */
  push(item: T): boolean;
  /** Resolves when an item may be pushed, or the queue ended. */
  capacity(): Promise<void>;
  /** No more items: the consumer gets what waits, then the end, or the error. Only the first call counts. */
  end(error?: Error): void;
  /** Drops what waits and ends at once. */
  clear(): void;
}

/** Creates a queue; `onAbandon` is called when the consumer leaves before the end. */
export function createQueue<T>(limit = Infinity, onAbandon: () => void = () => {}): Queue<T> {
  let items: T[] = [];
  let taken = 0;
  let ended = false;
  let failure: Error | undefined;
  let wakeConsumer: (() => void) | undefined;
  let roomWaiters: (() => void)[] = [];

  const size = (): number => items.length - taken;
  const releaseRoom = (): void => {
    if (!ended && size() >= limit) return;
    const waiters = roomWaiters;
    roomWaiters = [];
    for (const wake of waiters) wake();
  };
  const wake = (): void => {
    wakeConsumer?.();
    wakeConsumer = undefined;
  };
  const take = (): T => {
    const item = items[taken] as T;
    taken += 1;
    // Shift in large steps: shifting one by one moves the whole array each time.
    if (taken > 64 && taken * 2 > items.length) {
      items = items.slice(taken);
      taken = 0;
    }
    return item;
  };

  return {
    get size() {
      return size();
    },
    push(item) {
      if (ended || size() >= limit) return false;
      items.push(item);
      wake();
      return true;
    },
    capacity() {
      if (ended || size() < limit) return Promise.resolve();
      return new Promise((resolve) => roomWaiters.push(resolve));
    },
    end(error) {
      if (ended) return;
      ended = true;
      failure = error;
      wake();
      releaseRoom();
    },
    clear() {
      items = [];
      taken = 0;
      ended = true;
      wake();
      releaseRoom();
    },
    [Symbol.asyncIterator](): AsyncIterator<T> {
      return {
        async next() {
          for (;;) {
            if (size() > 0) {
              const value = take();
              releaseRoom();
              return { value, done: false };
            }
            if (ended) {
              if (failure === undefined) return { value: undefined, done: true };
              throw failure;
            }
            await new Promise<void>((resolve) => (wakeConsumer = resolve));
          }
        },
        return() {
          if (!ended) onAbandon();
          items = [];
          taken = 0;
          ended = true;
          releaseRoom();
          return Promise.resolve({ value: undefined, done: true });
        },
      };
    },
  };
}
