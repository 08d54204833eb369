// Settings of a process: one table defines names, types and defaults. Flags override the environment, which overrides the
// configuration file, which overrides the defaults.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { errorMessage } from "./error-message.js";

/** One setting. `schema` parses the operator's text. */
export interface Setting<T> {
  /** The name in the environment and in the configuration file: `DATABASE_URL`. */
  readonly name: string;
  readonly schema: z.ZodType<T, string>;
  /** The default, in the operator's notation; absent if the setting is optional. */
  readonly fallback?: string;
  /** One sentence for `--help` and the README. */
  readonly description: string;
  /** Set if messages must not contain the value. */
  readonly secret?: boolean;
  /** The flag if it is not the name in lower case: `--manager` for MANAGER_URL. */
  readonly flag?: `--${string}`;
}

/** A table of settings by their keys in code. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table; a setting without a default may be undefined. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends { readonly fallback: string }
    ? z.output<S[K]["schema"]>
    : z.output<S[K]["schema"]> | undefined;
};

/** The source of a value. */
export type SettingOrigin = "flag" | "environment" | "file" | "default";

/** Texts by a setting's name. */
type Texts = Readonly<Record<string, string | undefined>>;

/** The texts of all sources except the defaults. */
export interface SettingSources {
  readonly flags: Texts;
  readonly environment: Texts;
  readonly file: Texts;
}

/** A wrong setting; the message names the setting, its value and the allowed values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Returns the flag of a setting: `DATABASE_URL` is `--database-url`. */
export function flagOf(setting: Pick<Setting<unknown>, "name" | "flag">): string {
  return setting.flag ?? `--${setting.name.toLowerCase().replaceAll("_", "-")}`;
}

/** Resolves a table. Throws a ConfigError that names every wrong value. An empty text counts as absent. */
export function resolveSettings<const S extends Settings>(
  settings: S,
  sources: SettingSources,
): { readonly values: SettingValues<S>; readonly origins: { readonly [K in keyof S]: SettingOrigin } } {
  const values: Record<string, unknown> = {};
  const origins: Record<string, SettingOrigin> = {};
  const faults: string[] = [];
  for (const [key, setting] of Object.entries(settings)) {
    const { text, origin } = find(setting, sources);
    origins[key] = origin;
    if (text === undefined) continue;
    const result = setting.schema.safeParse(text);
    if (result.success) {
      values[key] = result.data;
    } else {
      const shown = setting.secret === true ? "***" : JSON.stringify(text);
      const allowed = result.error.issues.map(({ message }) => message).join("; ");
      faults.push(`${setting.name} (${origin}) is ${shown}: ${allowed}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults.join("\n"));
  return {
    values: values as SettingValues<S>,
    origins: origins as { readonly [K in keyof S]: SettingOrigin },
  };
}

/** A setting with the text that applies to it, masked where it is secret. */
export interface SettingReport {
  readonly name: string;
  /** Absent if the setting is optional and not set. */
  readonly value?: string;
  readonly origin: SettingOrigin;
}

/** Reports the text and the origin of each setting. Secrets, credentials and keys in URLs are masked. */
export function reportSettings(settings: Settings, sources: SettingSources): SettingReport[] {
  return Object.values(settings).map((setting) => {
    const { text, origin } = find(setting, sources);
    const shown = text === undefined || text === "" ? undefined : maskSetting(text, setting.secret === true);
    return { name: setting.name, origin, ...(shown !== undefined && { value: shown }) };
  });
}

function maskSetting(text: string, secret: boolean): string {
  const items = text.split(",").map((item) => item.trim());
  const urls = items.every((item) => URL.canParse(item) && item.includes("://"));
  if (urls) return items.map(maskUrlKeys).join(",");
  return secret ? "***" : text;
}

/** Texts this long in a path or a query are keys of a provider. */
const keyPattern = /^[A-Za-z0-9_-]{20,}$/;

function maskUrlKeys(text: string): string {
  const url = new URL(text);
  const credentials = url.username === "" && url.password === "" ? "" : "***@";
  const path = url.pathname
    .split("/")
    .map((part) => (keyPattern.test(part) ? "***" : part))
    .join("/");
  const query = [...url.searchParams].map(([name]) => `${name}=***`).join("&");
  return `${url.protocol}//${credentials}${url.host}${path === "/" && !text.endsWith("/") ? "" : path}${query === "" ? "" : `?${query}`}`;
}

function find(
  setting: Setting<unknown>,
  sources: SettingSources,
): { text: string | undefined; origin: SettingOrigin } {
  const ordered = [
    ["flag", sources.flags],
    ["environment", sources.environment],
    ["file", sources.file],
  ] as const;
  for (const [origin, texts] of ordered) {
    const text = texts[setting.name];
    if (text !== undefined && text !== "") return { text, origin };
  }
  return { text: setting.fallback, origin: "default" };
}

/** Reads a configuration file: a JSON object whose keys are settings' names. Throws a ConfigError for anything else. */
export function readConfigFile(path: string, known: Settings): Texts {
  const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigError(`The configuration file ${path} cannot be read: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  const parsed = z.record(z.string(), scalar).safeParse(content);
  if (!parsed.success) {
    throw new ConfigError(
      `The configuration file ${path} must contain one JSON object of names and plain values.`,
    );
  }
  const names = new Set(Object.values(known).map(({ name }) => name));
  const unknown = Object.keys(parsed.data).filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new ConfigError(`The configuration file ${path} names unknown settings: ${unknown.join(", ")}.`);
  }
  return parsed.data;
}
