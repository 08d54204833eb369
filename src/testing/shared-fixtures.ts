// Recorded chain data beside the checkout of a developer. It is not part of this repository.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(dirname(fileURLToPath(import.meta.url)), "../../../shared/fixtures");

/** Whether the recorded data exists. Suites that read it are skipped with a message if it does not. */
export const hasFixtures = existsSync(folder);

/** Returns the path of a recorded file or folder. */
export function fixturePath(...parts: string[]): string {
  return join(folder, ...parts);
}
