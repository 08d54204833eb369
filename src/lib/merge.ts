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
  type Open = AsyncIterator<T>;
  const waiting = streams[Symbol.iterator]();
  const open = new Map<Open, Promise<{ from: Open; result: IteratorResult<T> }>>();

  const advance = (from: Open): void => {
    const step = from.next().then((result) => ({ from, result }));
    step.catch(() => {});
    open.set(from, step);
  };
  const fill = (): void => {
    while (open.size < concurrency) {
      const next = waiting.next();
      if (next.done === true) return;
      advance(next.value()[Symbol.asyncIterator]());
    }
  };

  try {
    fill();
    while (open.size > 0) {
      const { from, result } = await Promise.race(open.values());
      // Re-inserting moves a stream behind the others, so that a fast one cannot starve them.
      open.delete(from);
      if (result.done === true) {
        fill();
      } else {
        advance(from);
        yield result.value;
      }
    }
  } finally {
    if (open.size > 0) cancel();
    await Promise.all([...open.keys()].map(async (stream) => stream.return?.()?.catch(() => {})));
  }
}
