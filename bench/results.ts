// Writes the results of a benchmark to RESULTS.md: one section per benchmark, replaced by each run.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

const path = new URL("RESULTS.md", import.meta.url);
const title = `# Results

\`npm run bench\` writes this file. Only ratios within one run are comparable; absolute numbers depend on the machine.
`;

/** One row of a benchmark's table. */
export interface Row {
  readonly measure: string;
  readonly value: string;
}

/** Replaces the section of this name, or adds it. */
export function writeResults(name: string, rows: readonly Row[]): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : title;
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const machine = `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.versions.node}, ${cpus().length} cores`;
  const table = [
    "| measure | value |",
    "|---|---|",
    ...rows.map(({ measure, value }) => `| ${measure} | ${value} |`),
  ].join("\n");
  const section = `## ${name}\n\n${machine}\n\n${table}\n`;
  const known = new RegExp(`## ${name}\n[^]*?(?=\n## |$)`);
  writeFileSync(path, known.test(before) ? before.replace(known, () => section) : `${before}\n${section}`);
  for (const { measure, value } of rows) process.stdout.write(`${measure}: ${value}\n`);
}
