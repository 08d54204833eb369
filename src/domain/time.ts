// Times with nanoseconds. Pure values; imports only domain/errors; never reads a clock.
import { IndexerError } from "./errors.js";

/** Nanoseconds since 1970-01-01T00:00:00Z. JavaScript's Date keeps milliseconds only, chains keep nanoseconds. */
export type UnixNanos = bigint;

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const nanosPerMilli = 1_000_000n;
const nanosPerSecond = 1_000_000_000n;

/** Parses an RFC 3339 text with a time zone; truncates digits beyond nanoseconds. Throws BAD_USER_INPUT for any other text. */
export function parseTime(text: string): UnixNanos {
  const match = pattern.exec(text);
  const [, year, month, day, hour, minute, second, fraction = "", zone] = match ?? [];
  const upperZone = zone?.toUpperCase();
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const local = Date.parse(`${iso}Z`);
  // Date.parse accepts 31 February as a day in March, so the result must format back to the same text.
  if (match === null || Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== iso) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      `'${text}' is not a time. Write it as RFC 3339 with a time zone, for example 2021-03-04T05:06:07Z.`,
    );
  }
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return (BigInt(local) - zoneOffset(upperZone ?? "Z")) * nanosPerMilli + nanos;
}

function zoneOffset(zone: string): bigint {
  if (zone === "Z") return 0n;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return BigInt((zone.startsWith("-") ? -minutes : minutes) * 60_000);
}

/** Formats a time as RFC 3339 in UTC, without trailing zeros in the fraction of the second. */
export function formatTime(time: UnixNanos): string {
  const fraction = ((time % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const seconds = new Date(Number((time - fraction) / nanosPerMilli)).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, "0").replace(/0+$/, "");
  return digits === "" ? `${seconds}Z` : `${seconds}.${digits}Z`;
}

/** Converts milliseconds since 1970; truncates fractions of a millisecond. */
export function fromMillis(millis: number): UnixNanos {
  return BigInt(Math.trunc(millis)) * nanosPerMilli;
}
