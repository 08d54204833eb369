// Generators that can be cancelled while they wait.
// Imports nothing.

/**
 * Starts a generator whose `return()` takes effect at once. An async generator that waits cannot be closed from outside, so its
 * signal is aborted first. `outer` aborts the same signal.
 */
export function cancellable<T>(
  outer: AbortSignal,
  start: (signal: AbortSignal) => AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  const returned = new AbortController();
  const generator = start(AbortSignal.any([outer, returned.signal]));
  return {
    next: () => generator.next(),
    return: async () => {
      returned.abort(new Error("The consumer ended the iteration."));
      // The consumer does not wait for the generator's last value or error.
      await generator.return(undefined).catch(() => undefined);
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
