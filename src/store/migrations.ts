// The migrations of prisma/migrations, applied without Prisma's CLI and recorded as the CLI records them: both see one history.
// Imports only domain and the SQL port; never changes a migration that was applied.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { IndexerError } from "../domain/errors.js";
import type { Database, SqlTransaction, Sql } from "./sql.js";

/** From src/store and from dist/store alike. */
const folder = new URL("../../prisma/migrations/", import.meta.url);
/** The advisory lock of Prisma's CLI: prevents concurrent migrations by both. */
const lockKey = 72_707_369;

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
}

/** Migration status of a database. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Started but not finished; an operator must resolve them. */
  readonly failed: readonly string[];
  /** Applied from a file that has changed since. */
  readonly changed: readonly string[];
  /** Applied but unknown to this version: a newer version migrated the database. */
  readonly unknown: readonly string[];
}

interface HistoryRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: unknown;
  readonly rolled_back_at: unknown;
}

/** The migrations of this version, in order. */
function migrationFiles(): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/migration.sql`, folder)))
    .map(({ name }) => {
      const sql = readFileSync(fileURLToPath(new URL(`${name}/migration.sql`, folder)), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Compares a database's history with the files. */
export async function migrationStatus(sql: Sql): Promise<MigrationStatus> {
  const rows = await history(sql);
  const live = rows.filter(({ rolled_back_at: rolledBack }) => rolledBack === null);
  const finished = live.filter(({ finished_at: at }) => at !== null);
  const checksums = new Map(finished.map((row) => [row.migration_name, row.checksum]));
  const files = migrationFiles();
  return {
    applied: files.filter(({ name }) => checksums.has(name)).map(({ name }) => name),
    pending: files.filter(({ name }) => !checksums.has(name)).map(({ name }) => name),
    failed: live.filter(({ finished_at: at }) => at === null).map((row) => row.migration_name),
    changed: files
      .filter(({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum)
      .map(({ name }) => name),
    unknown: [...checksums.keys()].filter((name) => !files.some((file) => file.name === name)),
  };
}

/** Applies pending migrations, each in its own transaction, and returns their names. */
export async function migrate(database: Database): Promise<readonly string[]> {
  const done: string[] = [];
  for (;;) {
    const name = await database.transaction(applyNext, { statementTimeoutMs: 0 });
    if (name === undefined) return done;
    done.push(name);
  }
}

/** Throws CONFLICT, with the next step, if migrations are pending or failed. */
export async function checkMigrated(sql: Sql): Promise<void> {
  const { pending, failed } = await migrationStatus(sql);
  if (failed.length > 0) throw failedBefore(failed);
  if (pending.length > 0) {
    throw new IndexerError(
      "CONFLICT",
      `The database lacks ${pending.length} migration(s) (${pending.join(", ")}). Run 'indexer db migrate' or 'prisma migrate deploy'.`,
    );
  }
}

async function applyNext(sql: SqlTransaction): Promise<string | undefined> {
  await sql.query({ text: `select pg_advisory_xact_lock(${lockKey})` });
  await sql.script(historyTable);
  const { pending, failed } = await migrationStatus(sql);
  if (failed.length > 0) throw failedBefore(failed);
  const next = migrationFiles().find(({ name }) => name === pending[0]);
  if (next === undefined) return undefined;
  await sql.script(next.sql);
  await sql.query({
    text: `insert into "_prisma_migrations" (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
           values ($1, $2, clock_timestamp(), $3, now(), 1)`,
    values: [randomUUID(), next.checksum, next.name],
  });
  return next.name;
}

async function history(sql: Sql): Promise<readonly HistoryRow[]> {
  const [table] = await sql.query<{ found: boolean }>({
    text: `select to_regclass('"_prisma_migrations"') is not null as found`,
  });
  if (table?.found !== true) return [];
  return sql.query<HistoryRow>({
    text: `select migration_name, checksum, finished_at, rolled_back_at from "_prisma_migrations" order by started_at`,
  });
}

function failedBefore(failed: readonly string[]): IndexerError {
  return new IndexerError(
    "CONFLICT",
    `The migration ${failed.join(", ")} started but did not finish. Repair the database, then run 'prisma migrate resolve'.`,
  );
}

/** As Prisma's CLI creates it. */
const historyTable = `create table if not exists "_prisma_migrations" (
    "id"                    varchar(36) primary key not null,
    "checksum"              varchar(64) not null,
    "finished_at"           timestamptz,
    "migration_name"        varchar(255) not null,
    "logs"                  text,
    "rolled_back_at"        timestamptz,
    "started_at"            timestamptz not null default now(),
    "applied_steps_count"   integer not null default 0
)`;
