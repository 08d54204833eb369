// Compares the README's tables with the code; `UPDATE_README=1` rewrites them.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { chainAdapters } from "../chains/registry.js";
import { errorTable } from "../domain/errors.js";
import type { Settings } from "../lib/config.js";
import { managerSettings } from "../manager/config.js";
import { schedulerSettings } from "../scheduler/config.js";
import { workerSettings } from "../worker/config.js";

const path = new URL("../../README.md", import.meta.url);

function settingsTable(settings: Settings): string {
  const rows = Object.values(settings).map(({ name, fallback, description }) => {
    const shown = fallback === undefined || fallback === "" ? "" : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${description} |`;
  });
  return ["| name | default | |", "|---|---|---|", ...rows].join("\n");
}

function errorsTable(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { retryable, http }]) => `| \`${code}\` | ${retryable ? "yes" : "no"} | ${http} |`,
  );
  return ["| code | retry helps | HTTP |", "|---|---|---|", ...rows].join("\n");
}

const tables: Readonly<Record<string, string>> = {
  "settings: manager": settingsTable(managerSettings),
  "settings: worker": settingsTable(workerSettings),
  "settings: scheduler": settingsTable(schedulerSettings),
  ...Object.fromEntries(
    chainAdapters.map(({ network, settings }) => [`settings: ${network}`, settingsTable(settings)]),
  ),
  errors: errorsTable(),
};

it("lists the settings and errors of the code in the README", () => {
  const readme = readFileSync(path, "utf8");
  let expected = readme;
  for (const [name, table] of Object.entries(tables)) {
    const end = `<!-- /${name.split(":")[0]} -->`;
    const block = new RegExp(`<!-- ${name} -->[^]*?${end}`);
    expect(readme).toMatch(block);
    expected = expected.replace(block, () => `<!-- ${name} -->\n\n${table}\n\n${end}`);
  }
  if (process.env["UPDATE_README"] === "1") writeFileSync(path, expected);
  else expect(readme).toBe(expected);
});
