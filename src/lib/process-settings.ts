// Settings that every process has.
import type { Setting } from "./config.js";
import { oneOf } from "./setting-types.js";

const levels = ["debug", "info", "warn", "error", "silent"] as const;

export const logLevel = {
  name: "LOG_LEVEL",
  schema: oneOf(...levels),
  fallback: "info",
  description: "What is logged, as JSON lines on standard error.",
} as const satisfies Setting<(typeof levels)[number]>;
