// Settings of all processes.
import type { Setting } from "./config.js";
import { oneOf } from "./setting-types.js";

const levels = ["debug", "info", "warn", "error", "silent"] as const;

/** The least severe level that is logged. */
export const logLevel = {
  name: "LOG_LEVEL",
  schema: oneOf(...levels),
  fallback: "info",
  description: "Least severe level to log, as JSON lines on standard error.",
} as const satisfies Setting<(typeof levels)[number]>;
