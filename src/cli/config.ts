// Resolves a command's settings from its flags, the environment and a configuration file, and what its terminal can show.
// Imports only lib and this folder.
// Never defines a setting.
import {
  readConfigFile,
  reportSettings,
  resolveSettings,
  type SettingReport,
  type Settings,
  type SettingSources,
  type SettingValues,
} from "../lib/config.js";
import { withSecretFiles } from "./secret-files.js";

/** Texts of flags by setting name. */
type FlagTexts = Readonly<Record<string, string | undefined>>;

/** Resolves the settings of a command; `flags` has the command line's texts by setting name. Throws a ConfigError. */
export function configure<const S extends Settings>(
  settings: S,
  flags: FlagTexts,
  configFile: string | undefined,
): SettingValues<S> {
  return resolveSettings(settings, sourcesOf(settings, flags, configFile)).values;
}

/** Reports the masked text and the origin of each setting of a command. Throws a ConfigError if a setting is wrong. */
export function reportConfiguration(
  settings: Settings,
  flags: FlagTexts,
  configFile: string | undefined,
): SettingReport[] {
  const sources = sourcesOf(settings, flags, configFile);
  resolveSettings(settings, sources);
  return reportSettings(settings, sources);
}

function sourcesOf(settings: Settings, flags: FlagTexts, configFile: string | undefined): SettingSources {
  const path = configFile ?? process.env["CONFIG"];
  const file = path === undefined || path === "" ? {} : readConfigFile(path, settings);
  return { flags, environment: withSecretFiles(settings, process.env), file };
}

/** What an output stream can show. */
export interface TerminalFeatures {
  /** Lines may be redrawn: a terminal, not a CI log, a file or a pipe. */
  readonly interactive: boolean;
  readonly colors: boolean;
}

/** Returns what a stream can show. CI, NO_COLOR and TERM=dumb turn bars, colours and tables off (no-color.org). */
export function terminalFeatures(stream: { readonly isTTY?: boolean }): TerminalFeatures {
  const { CI = "", NO_COLOR = "", TERM = "" } = process.env;
  const plain = (CI !== "" && CI !== "false") || NO_COLOR !== "" || TERM === "dumb";
  const interactive = stream.isTTY === true && !plain;
  return { interactive, colors: interactive };
}
