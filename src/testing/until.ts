/**
 * Polls `probe` and resolves with its first result that is neither undefined nor false. Rejects after 10 s with the
 * name of the condition.
 */
export async function until<T>(
  condition: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`The condition was not met within 10 s: ${condition}.`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
