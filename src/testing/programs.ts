// Programs of the operating system that some suites run.
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Returns the path of a program, or undefined. Under CI, a missing program throws and names the Debian package. */
export function findProgram(name: string, debianPackage: string): string | undefined {
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin`.split(":");
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (process.env["CI"] === "true")
    throw new Error(`${name} is not installed. CI skips no test: install the package '${debianPackage}'.`);
  process.stderr.write(`Skipping the tests that need ${name}. Install the package '${debianPackage}'.\n`);
  return undefined;
}
