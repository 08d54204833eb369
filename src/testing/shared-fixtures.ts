// Recorded chain data that lies beside a checkout of the developers; users do not have it.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(dirname(fileURLToPath(import.meta.url)), "../../../shared/fixtures");

/** Whether the recorded data is there; suites that read it skip with a message where it is not. */
export const hasFixtures = existsSync(folder);

/** The path of a recorded file or folder. */
export function fixturePath(...parts: string[]): string {
  return join(folder, ...parts);
}
