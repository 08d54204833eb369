// Where a command's settings come from: its flags, this process's environment, and a file.
import { readConfigFile, resolveSettings, type Settings, type SettingValues } from "../lib/config.js";

/** Resolves the settings of a command; `flags` by setting name, as given on the command line. */
export function configure<const S extends Settings>(
  settings: S,
  flags: Readonly<Record<string, string | undefined>>,
  configFile: string | undefined,
): SettingValues<S> {
  const path = configFile ?? process.env["CONFIG"];
  const file = path === undefined || path === "" ? {} : readConfigFile(path, settings);
  return resolveSettings(settings, { flags, environment: process.env, file }).values;
}
