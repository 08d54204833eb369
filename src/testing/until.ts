// Waits for a condition instead of a time.

/** Only a guard against hanging tests: a busy machine must not fail a test. */
const limitMs = 60_000;

/** Resolves with the first value that is neither undefined nor false. Rejects after 60 s with the name of the condition. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
