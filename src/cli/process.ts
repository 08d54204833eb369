// The edge to the operating system: signals, exit codes, and errors as an operator reads them.
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Starts something and keeps it until SIGINT or SIGTERM, then stops it in order; a second signal ends at once. A start that fails
 * stops what it had begun, and a signal during the start stops that too.
 */
export async function runUntilSignalled(
  lifecycle: Lifecycle,
  logger: Logger,
  start: () => Promise<unknown>,
): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const each of ["SIGINT", "SIGTERM"] as const) process.once(each, resolve);
  });
  const ended = signalled.then((signal) => {
    for (const each of ["SIGINT", "SIGTERM"] as const) process.once(each, () => process.exit(130));
    logger.info({ signal }, "Finishing what is under way; the same signal once more ends at once.");
    return lifecycle.stop();
  });
  try {
    await start();
  } catch (error) {
    if (lifecycle.signal.aborted) return ended;
    await lifecycle.stop().catch((failure: unknown) => logger.warn({ error: failure }, "Stopping failed."));
    throw error;
  }
  await ended;
}

/** An error in the words of its messages, causes included. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\n  because: ${explain(error.cause)}`;
  return `${error.message}${cause}`;
}
