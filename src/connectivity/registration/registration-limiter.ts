// How much strangers may make a manager remember.
// Imports only domain, lib and this folder; never looks at an address.
import { IndexerError } from "../../domain/errors.js";
import type { Clock } from "../../lib/clock.js";
import { counts } from "../protocol/limits.js";

export interface RegistrationLimiter {
  /** Counts a new registration from a source. Throws RATE_LIMITED. */
  countNew(source: string): void;
}

const minute = 60_000;
/** Sources that are remembered; beyond it the oldest go first. */
const rememberedSources = 1_024;

/** Creates the count of new registrations by source. */
export function createRegistrationLimiter(clock: Clock): RegistrationLimiter {
  /** Sources in the order of their last registration. */
  const sources = new Map<string, number[]>();
  return {
    countNew(source) {
      const since = clock.monotonic() - minute;
      const recent = (sources.get(source) ?? []).filter((at) => at > since);
      const full = recent.length >= counts.registrationsPerMinute;
      if (!full) recent.push(clock.monotonic());
      sources.delete(source);
      sources.set(source, recent);
      const [oldest] = sources.keys();
      if (sources.size > rememberedSources && oldest !== undefined) sources.delete(oldest);
      if (full) {
        const limit = counts.registrationsPerMinute;
        throw new IndexerError(
          "RATE_LIMITED",
          `More than ${limit} new workers registered from ${source} within a minute: try again in a minute.`,
          { limit, source },
        );
      }
    },
  };
}
