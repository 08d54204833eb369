// Reads secrets from files: `WORKER_TOKEN_FILE` names the file with the value of `WORKER_TOKEN`, as in Docker's official images.
// Imports only lib.
// Never logs a value.
import { readFileSync } from "node:fs";
import { ConfigError, type Settings } from "../lib/config.js";
import { errorMessage } from "../lib/error-message.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Adds to an environment the secrets that its `…_FILE` variables name, without the line end of their file. Throws a
 * ConfigError if a file cannot be read, is empty, or if a secret is set in both ways.
 */
export function withSecretFiles(settings: Settings, environment: Environment): Environment {
  const secrets: Record<string, string> = {};
  for (const { name, secret } of Object.values(settings)) {
    const variable = `${name}_FILE`;
    const file = environment[variable];
    if (secret !== true || file === undefined || file === "") continue;
    if (environment[name] !== undefined && environment[name] !== "")
      throw new ConfigError(`${name} and ${variable} are both set. Remove one of them.`);
    secrets[name] = readSecret(variable, file);
  }
  return { ...environment, ...secrets };
}

function readSecret(variable: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trimEnd();
  } catch (error) {
    throw new ConfigError(`${variable} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  if (text === "") throw new ConfigError(`${variable} names the empty file ${file}. Write the secret to it.`);
  return text;
}
