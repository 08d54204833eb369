// Limits the new registrations of one source.
// Imports only domain, lib and this folder; never reads an address.
import { IndexerError } from "../../domain/errors.js";
import type { Clock } from "../../lib/clock.js";
import { counts } from "../protocol/limits.js";

/** The counter of new registrations. */
export interface RegistrationLimiter {
  /** Counts a new registration of a source. Throws RATE_LIMITED above 10 a minute. */
  countNew(source: string): void;
}

const minuteMs = 60_000;
/** The most sources that are kept; the oldest are removed first. */
const maxSources = 1_024;

/** Creates the counter. */
export function createRegistrationLimiter(clock: Clock): RegistrationLimiter {
  /** Sources in the order of their last registration. */
  const sources = new Map<string, number[]>();
  return {
    countNew(source) {
      const since = clock.monotonic() - minuteMs;
      const recent = (sources.get(source) ?? []).filter((at) => at > since);
      const full = recent.length >= counts.registrationsPerMinute;
      if (!full) recent.push(clock.monotonic());
      sources.delete(source);
      sources.set(source, recent);
      const [oldest] = sources.keys();
      if (sources.size > maxSources && oldest !== undefined) sources.delete(oldest);
      if (full) {
        const limit = counts.registrationsPerMinute;
        throw new IndexerError(
          "RATE_LIMITED",
          `More than ${limit} new workers registered from ${source} within a minute. Try again in a minute.`,
          { limit, source },
        );
      }
    },
  };
}
