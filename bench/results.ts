// Writes what a benchmark found into RESULTS.md: one section a benchmark, replaced each time it runs.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

const path = new URL("RESULTS.md", import.meta.url);
const title = `# Results

Ratios within one run on one machine; absolute numbers mean little elsewhere. \`npm run bench\` writes this file.
`;

export interface Row {
  readonly what: string;
  readonly value: string;
}

/** Replaces the section of this name. */
export function writeResults(name: string, rows: readonly Row[]): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : title;
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const machine = `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.versions.node}, ${cpus().length} cores`;
  const table = ["| what | |", "|---|---|", ...rows.map(({ what, value }) => `| ${what} | ${value} |`)].join(
    "\n",
  );
  const section = `## ${name}\n\n${machine}\n\n${table}\n`;
  const known = new RegExp(`## ${name}\n[^]*?(?=\n## |$)`);
  writeFileSync(path, known.test(before) ? before.replace(known, () => section) : `${before}\n${section}`);
  for (const { what, value } of rows) process.stdout.write(`${what}: ${value}\n`);
}
