/** Only a guard against hanging tests: a busy machine must not fail a test. */
const defaultLimitMs = 60_000;

/**
 * Polls `probe` and resolves with its first result that is neither undefined nor false. Rejects after `limitMs`, 60 s by
 * default, with the name of the condition.
 */
export async function until<T>(
  condition: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = defaultLimitMs,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline)
      throw new Error(`The condition was not met within ${limitMs} ms: ${condition}.`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
