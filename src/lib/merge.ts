// Several streams as one, each item as it comes.

/**
 * Iterates up to `concurrency` of the streams at a time, starting the next when one ends. The first failure ends the whole;
 * leaving early, or failing, closes those that are open. `cancel` is called before that: it must make streams that wait for
 * something end, since a generator that waits cannot be closed from outside.
 */
export async function* merge<T>(
  streams: Iterable<() => AsyncIterable<T>>,
  concurrency: number,
  cancel: () => void = () => {},
): AsyncGenerator<T> {
  type Settled =
    { from: AsyncIterator<T>; result: IteratorResult<T> } | { from: AsyncIterator<T>; error: unknown };
  const waiting = streams[Symbol.iterator]();
  const open = new Set<AsyncIterator<T>>();
  // Not Promise.race: each race would stay, with its item, on every stream that has not answered yet.
  const settled: Settled[] = [];
  let wake = (): void => {};

  const settle = (each: Settled): void => {
    settled.push(each);
    wake();
  };
  const advance = (from: AsyncIterator<T>): void => {
    from.next().then(
      (result) => settle({ from, result }),
      (error: unknown) => settle({ from, error }),
    );
  };
  const fill = (): void => {
    while (open.size < concurrency) {
      const next = waiting.next();
      if (next.done === true) return;
      const stream = next.value()[Symbol.asyncIterator]();
      open.add(stream);
      advance(stream);
    }
  };

  try {
    fill();
    while (open.size > 0) {
      const each = settled.shift();
      if (each === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
      } else if ("error" in each) {
        open.delete(each.from);
        throw each.error;
      } else if (each.result.done === true) {
        open.delete(each.from);
        fill();
      } else {
        advance(each.from);
        yield each.result.value;
      }
    }
  } finally {
    if (open.size > 0) cancel();
    await Promise.all([...open].map(async (stream) => stream.return?.()?.catch(() => {})));
  }
}
