// Working on several items of a stream at once, giving the results in the stream's order.

/**
 * Calls `work` for up to `window` items at a time and yields the results in order. A failure of the source or of the work
 * ends the stream with that error, after the results before it; leaving early closes the source.
 */
export async function* mapOrdered<T, R>(
  source: AsyncIterable<T>,
  window: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = source[Symbol.asyncIterator]();
  const started: Promise<R>[] = [];
  let next: Promise<IteratorResult<T>> | undefined;
  let exhausted = false;
  try {
    for (;;) {
      if (!exhausted && next === undefined && started.length < window) {
        next = iterator.next();
        // It may fail while we wait for earlier results: it is looked at in its turn, not as unhandled.
        void next.catch(() => {});
      }
      const oldest = started[0];
      if (oldest === undefined && next === undefined) return;
      const arrived = await firstOf(oldest, next);
      if (arrived === "result") {
        void started.shift();
        yield (await oldest) as R;
        continue;
      }
      const item = await (next as Promise<IteratorResult<T>>);
      next = undefined;
      if (item.done === true) {
        exhausted = true;
      } else {
        const result = work(item.value);
        result.catch(() => {});
        started.push(result);
      }
    }
  } finally {
    if (!exhausted) await iterator.return?.();
  }
}

async function firstOf(
  result: Promise<unknown> | undefined,
  item: Promise<unknown> | undefined,
): Promise<"result" | "item"> {
  const settled: Promise<"result" | "item">[] = [];
  if (result !== undefined) settled.push(settle(result).then(() => "result"));
  // A failing source must not overtake the results of what it gave before.
  if (item !== undefined)
    settled.push(result === undefined ? settle(item).then(() => "item") : item.then(() => "item"));
  return Promise.any(settled);
}

async function settle(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => {},
    () => {},
  );
}
