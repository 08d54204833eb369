// Secrets that come from files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { managerSettings } from "../manager/config.js";
import { startProcess } from "../testing/processes.js";
import { withSecretFiles } from "./secret-files.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-secrets-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, String(Math.random()));
  writeFileSync(path, text);
  return path;
}

it("reads the secrets of a table from files and keeps the rest of the environment", () => {
  const environment = {
    WORKER_TOKEN_FILE: fileWith("abc\n"),
    DATABASE_URL: "postgresql://a",
    LOG_LEVEL_FILE: "/not/a/secret",
  };
  expect(withSecretFiles(managerSettings, environment)).toEqual({ ...environment, WORKER_TOKEN: "abc" });
});

it("rejects a secret that is set twice, a missing file and an empty file", () => {
  const given = (environment: Record<string, string>) => () => withSecretFiles(managerSettings, environment);
  const file = fileWith("abc");
  expect(given({ WORKER_TOKEN: "x", WORKER_TOKEN_FILE: file })).toThrow(
    "WORKER_TOKEN and WORKER_TOKEN_FILE are both set. Remove one of them.",
  );
  expect(given({ WORKER_TOKEN: "", WORKER_TOKEN_FILE: file })()).toMatchObject({ WORKER_TOKEN: "abc" });
  expect(given({ WORKER_TOKEN_FILE: join(folder, "none") })).toThrow(
    "WORKER_TOKEN_FILE cannot be read: ENOENT",
  );
  expect(given({ WORKER_TOKEN_FILE: fileWith("\n") })).toThrow("WORKER_TOKEN_FILE names the empty file");
});

it("ends a command with code 2 if a secret's file is missing", async () => {
  const manager = startProcess({ args: ["manager"], env: { DATABASE_URL_FILE: join(folder, "none") } });
  expect(await manager.ended()).toBe(2);
  expect(manager.output()).toContain("DATABASE_URL_FILE cannot be read: ENOENT");
});
