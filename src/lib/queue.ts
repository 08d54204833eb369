// A bounded queue between one producer and one consumer.

/** Items in order, at most `limit` waiting. Iterated by one consumer. */
export interface Queue<T> extends AsyncIterable<T> {
  readonly size: number;
  /** Adds an item. Returns false if the queue is full or ended: the item was not added. */
  push(item: T): boolean;
  /** Resolves when the queue accepts an item, or has ended. */
  capacity(): Promise<void>;
  /** Adds no more items: the consumer receives the waiting items, then the end, or the error. Only the first call counts. */
  end(error?: Error): void;
  /** Drops the waiting items and ends at once. */
  clear(): void;
}

/** Creates a queue; `onAbandon` is called if the consumer stops before the end. */
export function createQueue<T>(limit = Infinity, onAbandon: () => void = () => {}): Queue<T> {
  let items: (T | undefined)[] = [];
  let taken = 0;
  let ended = false;
  let failure: Error | undefined;
  let wakeConsumer: (() => void) | undefined;
  let waitingProducers: (() => void)[] = [];

  const size = (): number => items.length - taken;
  const wakeProducers = (): void => {
    if (!ended && size() >= limit) return;
    const waiting = waitingProducers;
    waitingProducers = [];
    for (const wake of waiting) wake();
  };
  const wake = (): void => {
    wakeConsumer?.();
    wakeConsumer = undefined;
  };
  const take = (): T => {
    const item = items[taken] as T;
    // A taken item must not stay in memory until the next slice.
    items[taken] = undefined;
    taken += 1;
    // Slices in large steps, because each slice copies the array.
    if (taken > 64 && taken * 2 > items.length) {
      items = items.slice(taken);
      taken = 0;
    }
    return item;
  };
  const drop = (): void => {
    items = [];
    taken = 0;
    ended = true;
    wake();
    wakeProducers();
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
      return new Promise((resolve) => waitingProducers.push(resolve));
    },
    end(error) {
      if (ended) return;
      ended = true;
      failure = error;
      wake();
      wakeProducers();
    },
    clear: drop,
    [Symbol.asyncIterator](): AsyncIterator<T> {
      return {
        async next() {
          for (;;) {
            if (size() > 0) {
              const value = take();
              wakeProducers();
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
          drop();
          return Promise.resolve({ value: undefined, done: true });
        },
      };
    },
  };
}
