// Turns tables of settings into a command's flags, and what was given back into texts by setting name.
import { Option, type Command } from "commander";
import { flagOf, type Settings } from "../lib/config.js";

/** What commander gives to a command's action. */
export interface GivenOptions {
  readonly config?: string;
  readonly [name: string]: unknown;
}

/** Adds a flag for each setting, with its default and the environment variable that it stands over, and `--config`. */
export function addSettings(command: Command, ...tables: readonly Settings[]): Command {
  for (const setting of tables.flatMap((table) => Object.values(table))) {
    const fallback =
      setting.fallback === undefined || setting.fallback === "" ? "" : `, default ${setting.fallback}`;
    command.addOption(
      new Option(`${flagOf(setting)} <value>`, `${setting.description} (${setting.name}${fallback})`),
    );
  }
  return command.option("--config <file>", "JSON file of settings by their names (CONFIG)");
}

/** The texts that were given as flags, by setting name. */
export function givenFlags(settings: Settings, options: GivenOptions): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const setting of Object.values(settings)) {
    const value = options[optionKey(flagOf(setting))];
    if (typeof value === "string") flags[setting.name] = value;
  }
  return flags;
}

/** Commander's name of a flag's value: `--database-url` is `databaseUrl`. */
function optionKey(flag: string): string {
  return flag.slice(2).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
