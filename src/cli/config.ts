// Resolves a command's settings from its flags, the environment and a configuration file.
// Imports only lib and this folder.
// Never defines a setting.
import { readConfigFile, resolveSettings, type Settings, type SettingValues } from "../lib/config.js";
import { withSecretFiles } from "./secret-files.js";

/** Resolves the settings of a command; `flags` has the command line's texts by setting name. Throws a ConfigError. */
export function configure<const S extends Settings>(
  settings: S,
  flags: Readonly<Record<string, string | undefined>>,
  configFile: string | undefined,
): SettingValues<S> {
  const path = configFile ?? process.env["CONFIG"];
  const file = path === undefined || path === "" ? {} : readConfigFile(path, settings);
  return resolveSettings(settings, { flags, environment: withSecretFiles(settings, process.env), file })
    .values;
}
