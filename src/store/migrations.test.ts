// Compares the store's own migrations with Prisma's CLI: both give the same schema and history.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { migrateDatabase, statusOfDatabase } from "./administer.js";
import { createStore } from "./create-store.js";
import { migrate } from "./migrations.js";
import { openDatabase } from "./open-database.js";
import type { Database } from "./sql.js";

const logger = silentLogger();
const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = createRequire(import.meta.url).resolve("prisma/build/index.js");
const run = promisify(execFile);
/** Every migration, in order. */
const names = readdirSync(join(root, "prisma/migrations"))
  .filter((name) => /^\d+_/.test(name))
  .sort();

/** Runs Prisma's CLI as a user would, from the top of the project. */
async function prisma(databaseUrl: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    CHECKPOINT_DISABLE: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
  };
  try {
    const { stdout, stderr } = await run(process.execPath, [cli, ...args], { cwd: root, env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error) || !("stdout" in error)) throw error;
    const { stdout, stderr, code } = error as Error & { stdout: string; stderr: string; code: number };
    return { code, output: stdout + stderr };
  }
}

/** Columns, indexes, constraints and options of the schema, as text. */
async function schemaOf(database: Database): Promise<readonly unknown[]> {
  return database.query({
    text: `select 'column' as kind, table_name || '.' || column_name as name,
        concat_ws(' ', udt_name, is_nullable, column_default, generation_expression, is_identity) as what
      from information_schema.columns where table_schema = current_schema()
      union all select 'index', indexname, indexdef from pg_indexes where schemaname = current_schema()
      union all select 'constraint', conname || ' of ' || conrelid::regclass, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = current_schema()::regnamespace and contype <> 'n'
      union all select 'options', relname, reloptions::text from pg_class
        where relnamespace = current_schema()::regnamespace and reloptions is not null
      order by 1, 2`,
  });
}

async function historyOf(database: Database): Promise<readonly unknown[]> {
  return database.query({
    text: `select migration_name, checksum, applied_steps_count, logs, rolled_back_at, finished_at is not null as finished,
        started_at <= finished_at as in_order, length(id) as id_length
      from _prisma_migrations order by migration_name`,
  });
}

async function inspect(databaseUrl: string | undefined) {
  const database = await openDatabase({ logger, ...(databaseUrl !== undefined && { databaseUrl }) });
  try {
    if (databaseUrl === undefined) await migrate(database);
    return { schema: await schemaOf(database), history: await historyOf(database) };
  } finally {
    await database.close();
  }
}

// The CLI takes seconds to start.
describe.skipIf(!hasPostgres)("migrations on PostgreSQL", { timeout: 90_000 }, () => {
  let one: TestDatabase;
  let two: TestDatabase;
  beforeEach(async () => {
    [one, two] = await Promise.all([createDatabase(), createDatabase()]);
  });
  afterEach(() => Promise.all([one.drop(), two.drop()]));
  const target = (database: TestDatabase) => ({ databaseUrl: database.url, folder: "", logger });

  it("give one schema and one history by Prisma's CLI, by the store and on the embedded database", async () => {
    const deployed = await prisma(one.url, "migrate", "deploy");
    expect(deployed).toMatchObject({ code: 0 });
    expect(await migrateDatabase(target(two))).toEqual(names);
    const [byCli, byUs, embedded] = await Promise.all([
      inspect(one.url),
      inspect(two.url),
      inspect(undefined),
    ]);
    expect(byCli.schema.length).toBeGreaterThan(60);
    expect(byUs).toEqual(byCli);
    expect(embedded).toEqual(byCli);
  });

  it("applied by Prisma's CLI are known to the store, and the reverse", async () => {
    expect((await prisma(one.url, "migrate", "status")).output).toMatch(/have not yet been applied/);
    await migrateDatabase(target(one));
    expect(await prisma(one.url, "migrate", "status")).toMatchObject({
      code: 0,
      output: expect.stringContaining("up to date") as unknown,
    });
    expect((await prisma(one.url, "migrate", "deploy")).output).toMatch(/No pending migrations/);

    await prisma(two.url, "migrate", "deploy");
    expect(await migrateDatabase(target(two))).toEqual([]);
    expect(await statusOfDatabase(target(two))).toMatchObject({
      applied: names,
      pending: [],
      failed: [],
      changed: [],
      unknown: [],
    });
    const store = await createStore({ databaseUrl: two.url, logger });
    await store.close();
  });

  it("match schema.prisma", async () => {
    await migrateDatabase(target(one));
    const { code, output } = await prisma(
      one.url,
      ...[
        "migrate",
        "diff",
        "--from-config-datasource",
        "--to-schema",
        "prisma/schema.prisma",
        "--exit-code",
      ],
    );
    expect(output).toMatch(/No difference detected/);
    expect(code).toBe(0);
  });

  it("of many processes at the same time are applied once", async () => {
    const applied = await Promise.all([1, 2, 3, 4].map(() => migrateDatabase(target(one))));
    expect(applied.flat().sort()).toEqual(names);
    expect((await inspect(one.url)).history).toHaveLength(names.length);
  });

  it("change the schema that the URL names, by the store and by Prisma's CLI", async () => {
    const url = `${one.url}?schema=apart`;
    const admin = await openDatabase({ databaseUrl: one.url, logger });
    await admin.query({ text: "create schema apart" });
    await migrateDatabase({ databaseUrl: url, folder: "", logger });
    expect(await admin.query({ text: "select to_regclass('apart.block') is not null as found" })).toEqual([
      { found: true },
    ]);
    await admin.close();
    expect((await prisma(url, "migrate", "status")).output).toMatch(/up to date/);
    const store = await createStore({ databaseUrl: url, logger });
    expect(await store.startFollowing({ network: "n", chainId: "c" }, 3)).toBe(3);
    expect(await store.chains()).toHaveLength(1);
    await store.close();
  });

  it("that failed, changed or belong to another version are reported", async () => {
    await migrateDatabase(target(one));
    const database = await openDatabase({ databaseUrl: one.url, logger });
    await database.query({ text: "update _prisma_migrations set checksum = 'other'" });
    await database.query({
      text: `insert into _prisma_migrations (id, checksum, migration_name, finished_at)
             values ('1', 'x', '20990101000000_newer', now()), ('2', 'x', '20990102000000_broken', null)`,
    });
    await database.close();
    expect(await statusOfDatabase(target(one))).toMatchObject({
      changed: names,
      unknown: ["20990101000000_newer"],
      failed: ["20990102000000_broken"],
    });
    await expect(createStore({ databaseUrl: one.url, logger })).rejects.toThrow(
      /20990102000000_broken.*resolve/,
    );
    await expect(migrateDatabase(target(one))).rejects.toThrow(/20990102000000_broken/);
  });

  it("report P1001 if the CLI cannot connect", async () => {
    const url = new URL(one.url);
    url.port = "1";
    const { code, output } = await prisma(url.toString(), "migrate", "deploy");
    expect(code).toBe(1);
    expect(output).toMatch(/P1001/);
  });
});

describe("migrations on the embedded database", { timeout: 60_000 }, () => {
  it("are applied at the first start and kept when the database opens again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "indexer-store-"));
    try {
      const chain = { network: "n", chainId: "c" };
      for (const expected of [5, 5]) {
        const store = await createStore({ folder, logger });
        expect(await store.startFollowing(chain, expected)).toBe(5);
        await store.ready();
        await store.close();
      }
      expect((await statusOfDatabase({ folder, logger })).applied).toEqual(names);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
