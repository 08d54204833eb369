// The logger of a command's process: readable lines on a terminal, JSON lines elsewhere.
// Imports only lib and this folder.
// Never logs.
import { createLogger, type Logger } from "../lib/logger.js";
import { terminalFeatures } from "./config.js";

/** Creates the logger. `write` receives readable lines, so that a status line can make room for them. */
export async function createProcessLogger(
  level: string,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<Logger> {
  if (!process.stderr.isTTY) return createLogger({ level });
  // Loaded only here: a process without a terminal does not need it.
  const { createPrettyDestination } = await import("../lib/pretty-log.js");
  const { colors } = terminalFeatures(process.stderr);
  return createLogger({ level, destination: createPrettyDestination({ write, colors }) });
}
