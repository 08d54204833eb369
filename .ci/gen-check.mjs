// Fails where a generated file is not what its generator makes: generates anew into the working tree and compares.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const generated = ["src/generated", "schema.graphql"];

const before = fingerprints();
execFileSync("npm", ["run", "--silent", "gen"], { stdio: ["ignore", 2, 2] });
const after = fingerprints();

const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
  (path) => before.get(path) !== after.get(path),
);
if (changed.length > 0) {
  console.error(`Generated files were not up to date; they are now, commit them:\n  ${changed.join("\n  ")}`);
  process.exit(1);
}
console.log(`${after.size} generated files are up to date.`);

function fingerprints() {
  const files = generated.flatMap((path) => list(path));
  return new Map(files.map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]));
}

function list(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => list(join(path, name)));
}
