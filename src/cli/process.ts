// The process boundary: signals, and error texts for the operator.
// Imports only lib.
// Never ends the process, except on a second signal.
import { errorMessage } from "../lib/error-message.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";

/** Thrown on wrong usage of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs `start`, waits for SIGINT or SIGTERM and stops the lifecycle. A second signal exits at once with code 130. A failed
 * start or a signal during the start stops the lifecycle as well.
 */
export async function runUntilSignalled(
  lifecycle: Lifecycle,
  logger: Logger,
  start: () => Promise<unknown>,
): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, resolve);
  });
  const stopped = signalled.then((signal) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => process.exit(130));
    logger.info({ signal }, "Stopping; a second signal exits at once.");
    return lifecycle.stop();
  });
  try {
    await start();
  } catch (error) {
    if (lifecycle.signal.aborted) return stopped;
    await lifecycle
      .stop()
      .catch((failure: unknown) => logger.warn({ error: failure }, "The stop after a failed start failed."));
    throw error;
  }
  await stopped;
}

/** Returns the messages of an error and of its causes, one per line. */
export function describeError(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return `${errorMessage(error)}${cause === undefined ? "" : `\n  because: ${describeError(cause)}`}`;
}
