// Maps tables of settings to a command's flags, and the flags of a call to texts by setting name.
// Imports only lib.
// Never resolves a setting.
import { Option, type Command } from "commander";
import { flagOf, type Settings } from "../lib/config.js";

/** The options that commander passes to a command's action. */
export interface GivenOptions {
  readonly config?: string;
  readonly [name: string]: unknown;
}

/** Adds `--config` and a flag for each setting; its help shows the environment variable and the default. */
export function addSettings(command: Command, ...tables: readonly Settings[]): Command {
  for (const setting of tables.flatMap((table) => Object.values(table))) {
    const fallback =
      setting.fallback === undefined || setting.fallback === "" ? "" : `, default ${setting.fallback}`;
    command.addOption(
      new Option(`${flagOf(setting)} <value>`, `${setting.description} (${setting.name}${fallback})`),
    );
  }
  return command.option("--config <file>", "JSON file of settings, keyed by setting name (CONFIG)");
}

/** Returns the texts of the flags on the command line by setting name. */
export function givenFlags(settings: Settings, options: GivenOptions): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const setting of Object.values(settings)) {
    const value = options[optionKey(flagOf(setting))];
    if (typeof value === "string") flags[setting.name] = value;
  }
  return flags;
}

/** Returns commander's key of a flag's value: `databaseUrl` for `--database-url`. */
export function optionKey(flag: string): string {
  return flag.slice(2).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
