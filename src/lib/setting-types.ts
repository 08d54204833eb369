// Types of settings: each parses one text and reports the allowed texts.
import { isIPv6 } from "node:net";
import { z } from "zod";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Any text. */
export const anyText = z.string();

/** One of the listed words. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  ...words: T
): z.ZodType<T[number], string> {
  return z.string().pipe(z.enum(words, `must be one of ${words.join(", ")}.`));
}

/** `true` or `false`, also `1` and `0`, `yes` and `no`. */
export const flag = z.string().transform((value, context): boolean => {
  const word = value.toLowerCase();
  if (["true", "1", "yes"].includes(word)) return true;
  if (["false", "0", "no"].includes(word)) return false;
  context.addIssue("must be true or false.");
  return z.NEVER;
});

/** A whole number within bounds. */
export function boundedInteger(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number, string> {
  return z.string().transform((value, context): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    context.addIssue(`must be a whole number from ${min} to ${max}.`);
    return z.NEVER;
  });
}

/** A number of 0 or more, with an optional fraction. */
export const nonNegativeNumber = z.string().transform((value, context): number => {
  const number = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && Number.isFinite(number)) return number;
  context.addIssue("must be a number of 0 or more.");
  return z.NEVER;
});

/** A duration in milliseconds, written `500ms`, `30s`, `5m`, `1h`; at least `min` milliseconds. */
export function duration(min = 1): z.ZodType<number, string> {
  return z.string().transform((value, context): number => {
    const [, digits, unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? [];
    const millis = Number(digits) * (units[unit] ?? Number.NaN);
    if (Number.isSafeInteger(millis) && millis >= min) return millis;
    context.addIssue(`must be a duration of at least ${min} ms, such as 500ms, 30s, 5m or 1h.`);
    return z.NEVER;
  });
}

/** Formats milliseconds as a duration in its largest whole unit: `90s`, `2m`. */
export function durationText(millis: number): string {
  const [unit, size] = Object.entries(units).findLast(([, each]) => millis % each === 0) ?? ["ms", 1];
  return `${millis / size}${unit}`;
}

/** The address of a server. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`; `:port` listens on every interface; an IPv6 address is in brackets. Port 0 selects a free port. */
export const hostPort = z.string().transform((value, context): HostPort => {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:/\s@[\]]*)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  const isHost = bracketed === undefined || isIPv6(bracketed);
  if (digits !== undefined && isHost && port <= 65_535)
    return { host: bracketed ?? (plain === "" ? "0.0.0.0" : (plain ?? "")), port };
  context.addIssue("must be host:port, for example 0.0.0.0:8085.");
  return z.NEVER;
});

/** Formats an address as `host:port`. */
export function addressText({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Texts separated by commas; spaces around them and empty ones are removed. */
export const list = z.string().transform((value): readonly string[] =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** URLs of the listed schemes, separated by commas. */
export function urls(...schemes: readonly string[]): z.ZodType<readonly string[], string> {
  return list.transform((items, context): readonly string[] => {
    for (const item of items) {
      if (!URL.canParse(item) || !schemes.includes(new URL(item).protocol.replace(":", ""))) {
        context.addIssue(`must be URLs of ${schemes.join(" or ")}, separated by commas.`);
        return z.NEVER;
      }
    }
    return items;
  });
}

/** One URL of the listed schemes. */
export function url(...schemes: readonly string[]): z.ZodType<string, string> {
  return z
    .string()
    .refine(
      (value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.replace(":", "")),
      `must be a URL of ${schemes.join(" or ")}.`,
    );
}

/** The path of a file. */
export const path = z.string();
