// The edge to the operating system: signals, exit codes, and errors as an operator reads them.
import type { Lifecycle } from "../lib/lifecycle.js";

/** Wrong use of the command line, or of a setting: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs until a signal, then stops in order. The first SIGINT or SIGTERM drains; a second one ends at once.
 * Resolves with the exit code once everything is stopped.
 */
export async function untilSignalled(lifecycle: Lifecycle, say: (line: string) => void): Promise<number> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const each of ["SIGINT", "SIGTERM"] as const) process.once(each, resolve);
  });
  say(`${signal}: finishing what is under way; once more ends at once.`);
  for (const each of ["SIGINT", "SIGTERM"] as const) process.once(each, () => process.exit(130));
  await lifecycle.stop();
  return 0;
}

/** An error in the words of its messages, causes included. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\n  because: ${explain(error.cause)}`;
  return `${error.message}${cause}`;
}
