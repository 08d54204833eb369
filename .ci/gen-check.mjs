// Fails if schema.graphql differs from what the code generates: writes it anew and compares.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const path = "schema.graphql";

const before = readFileSync(path, "utf8");
execFileSync("npm", ["run", "--silent", "gen"], { stdio: ["ignore", 2, 2] });
if (readFileSync(path, "utf8") !== before) {
  console.error(`${path} was not up to date. It is now: commit it.`);
  process.exit(1);
}
console.log(`${path} is up to date.`);
