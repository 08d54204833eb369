// Reads a JSON file, or all JSON files of a folder, each with a list of entries.
// Imports only lib.
// Never ignores an entry that it cannot read.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { ConfigError } from "../lib/config.js";
import { errorMessage } from "../lib/error-message.js";

/** Reads all entries. Throws a ConfigError that names the file, the entry and the key. */
export function readEntries<T>(path: string, entry: z.ZodType<T>): readonly T[] {
  return filesOf(path).flatMap((file) => {
    const content = parse(file);
    if (!Array.isArray(content)) throw new ConfigError(`${file}: must contain one JSON array.`);
    return content.map((each, at) => {
      const { data, error } = entry.safeParse(each);
      if (error === undefined) return data;
      const faults = error.issues.map((issue) => `${issue.path.join(".") || "the entry"}: ${issue.message}`);
      throw new ConfigError(`${file}, entry ${at + 1}: ${faults.join("; ")}`);
    });
  });
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}
