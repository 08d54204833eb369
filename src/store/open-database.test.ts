import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { openDatabase, setAside } from "./open-database.js";

const logger = silentLogger();

describe("the folder of an embedded database", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "indexer-open-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is locked while the database is open", async () => {
    const database = await openDatabase({ folder, logger });
    await expect(openDatabase({ folder, logger })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(() => setAside(folder)).toThrow(/in use by process/);
    await database.close();
    expect(readdirSync(folder)).toEqual(["pgdata"]);
  });

  it("is unlocked if the database does not open, and its files can be moved aside", async () => {
    mkdirSync(join(folder, "pgdata"));
    for (const name of ["PG_VERSION", "postgresql.conf"])
      writeFileSync(join(folder, "pgdata", name), "damaged");
    await expect(openDatabase({ folder, logger })).rejects.toThrow(/does not open.*indexer db rebuild/);
    expect(readdirSync(folder)).toEqual(["pgdata"]);
    const aside = setAside(folder);
    expect(aside).toMatch(/pgdata-\d{4}-/);
    expect(readdirSync(aside!)).toContain("PG_VERSION");
    expect(readdirSync(folder)).toHaveLength(1);
    expect(setAside(folder)).toBeUndefined();
    expect(readdirSync(folder)).toHaveLength(1);
  });
});
