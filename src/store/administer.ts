// Database commands of the CLI: migrate, show the migration status, rebuild.
import { IndexerError } from "../domain/errors.js";
import { migrate, migrationStatus, type MigrationStatus } from "./migrations.js";
import { openDatabase, setAside, type DatabaseOptions } from "./open-database.js";
import type { Database } from "./sql.js";

/** The database that an operator's command works on. */
export type DatabaseTarget = DatabaseOptions & { readonly folder: string };

/** Applies pending migrations and returns their names. */
export function migrateDatabase(target: DatabaseTarget): Promise<readonly string[]> {
  return withDatabase(target, migrate);
}

/** Compares the database's history with the migrations of this version. */
export function statusOfDatabase(target: DatabaseTarget): Promise<MigrationStatus> {
  return withDatabase(target, migrationStatus);
}

/** Moves the embedded database aside and creates an empty one. Returns the new path of the old one, if it existed. */
export async function rebuildDatabase(target: DatabaseTarget): Promise<string | undefined> {
  if (target.databaseUrl !== undefined) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "'indexer db rebuild' supports only the embedded database. For PostgreSQL, recreate the database with its own tools, then run 'indexer db migrate'.",
    );
  }
  const aside = setAside(target.folder);
  await migrateDatabase(target);
  return aside;
}

async function withDatabase<T>(target: DatabaseTarget, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(target);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
