// Settings of a process: one table says their names, values and defaults; flags stand over environment, over a file, over defaults.
import { readFileSync } from "node:fs";
import { z } from "zod";

/** One setting. `schema` reads the text that an operator gives. */
export interface Setting<T> {
  /** The name in the environment and, as it stands, in the configuration file: `DATABASE_URL`. */
  readonly name: string;
  readonly schema: z.ZodType<T, string>;
  /** What holds where nothing is given, written as an operator would; absent: the setting may be missing. */
  readonly fallback?: string;
  /** One sentence for `--help` and the README. */
  readonly description: string;
  /** Never shown. */
  readonly secret?: boolean;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** A table's values; a setting without a default may be undefined. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends { readonly fallback: string }
    ? z.output<S[K]["schema"]>
    : z.output<S[K]["schema"]> | undefined;
};

export type SettingOrigin = "flag" | "environment" | "file" | "default";

/** Texts by a setting's name. */
type Texts = Readonly<Record<string, string | undefined>>;

export interface SettingSources {
  readonly flags: Texts;
  readonly environment: Texts;
  readonly file: Texts;
}

/** What an operator gave is wrong; the message names the setting, what was given and what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The flag of a setting: `DATABASE_URL` is `--database-url`. */
export function flagOf(setting: Setting<unknown>): string {
  return `--${setting.name.toLowerCase().replaceAll("_", "-")}`;
}

/** Resolves a table. Throws a ConfigError that names every wrong value. An empty text counts as not given. */
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
      const given = setting.secret === true ? "***" : JSON.stringify(text);
      const allowed = result.error.issues.map(({ message }) => message).join("; ");
      faults.push(`${setting.name} (${origin}) is ${given}: ${allowed}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults.join("\n"));
  return {
    values: values as SettingValues<S>,
    origins: origins as { readonly [K in keyof S]: SettingOrigin },
  };
}

function find(
  setting: Setting<unknown>,
  sources: SettingSources,
): { text: string | undefined; origin: SettingOrigin } {
  const given = [
    ["flag", sources.flags],
    ["environment", sources.environment],
    ["file", sources.file],
  ] as const;
  for (const [origin, texts] of given) {
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
    throw new ConfigError(`The configuration file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const parsed = z.record(z.string(), scalar).safeParse(content);
  if (!parsed.success) {
    throw new ConfigError(`The configuration file ${path} must hold one object of names and plain values.`);
  }
  const names = new Set(Object.values(known).map(({ name }) => name));
  const unknown = Object.keys(parsed.data).filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new ConfigError(`The configuration file ${path} names unknown settings: ${unknown.join(", ")}.`);
  }
  return parsed.data;
}
