// Streams that can be left while they wait.

/**
 * Wraps a generator so that leaving it takes effect at once: an async generator that is waiting cannot be closed from outside,
 * so its signal is aborted first. `outer` aborts it too.
 */
export function abortable<T>(
  outer: AbortSignal,
  start: (signal: AbortSignal) => AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  const left = new AbortController();
  const generator = start(AbortSignal.any([outer, left.signal]));
  return {
    next: () => generator.next(),
    return: async () => {
      left.abort(new Error("The caller left."));
      // What the generator still says or throws on its way out is for nobody.
      await generator.return(undefined).catch(() => {});
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
