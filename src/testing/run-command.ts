// Runs one command of `indexer` to its end.
import { startProcess, type ProcessOptions } from "./processes.js";

/** How a command ended. */
export interface CommandResult {
  readonly code: number | NodeJS.Signals;
  /** Standard output and standard error. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs a command and waits for its end. */
export async function runCommand(
  args: readonly string[],
  options: Omit<ProcessOptions, "args"> = {},
): Promise<CommandResult> {
  const running = startProcess({ ...options, args });
  const code = await running.ended();
  return { code, output: running.output(), stdout: running.stdout() };
}
