// `indexer db export` and `indexer db import` as processes on the embedded database.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createStore } from "../store/create-store.js";
import { chainData } from "../testing/chain-data.js";
import { startProcess } from "../testing/processes.js";
import { runCommand } from "../testing/run-command.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-export-"));
const data = join(folder, "data");
beforeAll(async () => {
  const store = await createStore({ folder: data, logger: silentLogger() });
  await store.write({ chain: { network: "test", chainId: "test-1" }, heights: chainData(1, 50) });
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("exports to a file, a folder and a pipe; imports them; the second import changes nothing", async () => {
  const [file, parquet, other] = [join(folder, "x.ndjson"), join(folder, "x"), join(folder, "other")];
  const exported = await runCommand(["db", "export", file, "--data-folder", data]);
  expect(exported).toMatchObject({ code: 0, stdout: "" });
  expect(exported.output).toContain("Exported 50 heights with 100 transactions of test/test-1");
  const piped = await runCommand(["db", "export", "-", "--data-folder", data]);
  expect(piped.stdout).toBe(readFileSync(file, "utf8"));
  const range = ["--chain", "test/test-1", "--from", "11", "--to", "30", "--format", "parquet", "--json"];
  const part = await runCommand(["db", "export", parquet, ...range, "--data-folder", data]);
  expect(JSON.parse(part.stdout)).toMatchObject({ heights: 20, transactions: 40 });

  const first = await runCommand(["db", "import", parquet, "--data-folder", other, "--json"]);
  expect(JSON.parse(first.stdout)).toEqual({ heights: 20, stored: 20, transactions: 40, skipped: 0 });
  const second = await runCommand(["db", "import", file, "--data-folder", other, "--json"]);
  expect(JSON.parse(second.stdout)).toEqual({ heights: 50, stored: 30, transactions: 60, skipped: 20 });
  const copied = await runCommand(["db", "export", "-", "--data-folder", other]);
  expect(copied.stdout).toBe(piped.stdout);
});

it("names a database that a manager uses, one that is missing, and a wrong path", async () => {
  const dev = startProcess({ args: ["dev", "--address", "127.0.0.1:0", "--data-folder", data] });
  try {
    await dev.line(/GraphiQL/, 60_000);
    const used = await runCommand(["db", "export", "-", "--data-folder", data]);
    expect(used).toMatchObject({ code: 1, stdout: "" });
    expect(used.output).toMatch(/in use by process \d+ .*stop it/);
  } finally {
    await dev.kill();
  }
  const missing = await runCommand(["db", "export", "-", "--data-folder", join(folder, "none")]);
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.output).toContain("There is no embedded database in");
  const absent = await runCommand(["db", "import", join(folder, "none"), "--data-folder", data]);
  expect(absent.output).toContain("does not exist. Name the path that was exported to.");
  expect(await runCommand(["db", "export", "-", "--format", "parquet"])).toMatchObject({ code: 2 });
});
