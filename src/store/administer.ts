// What an operator does to a database: migrate it, look at it, begin anew.
import { IndexerError } from "../domain/errors.js";
import { migrate, migrationStatus, type MigrationStatus } from "./migrations.js";
import { openDatabase, setAside, type DatabaseOptions } from "./open-database.js";
import type { Database } from "./sql.js";

export type DatabaseTarget = DatabaseOptions & { readonly folder: string };

/** Applies what is pending; answers the names of those migrations. */
export function migrateDatabase(target: DatabaseTarget): Promise<readonly string[]> {
  return withDatabase(target, migrate);
}

/** Compares the database's history with the migrations of this version. */
export function statusOfDatabase(target: DatabaseTarget): Promise<MigrationStatus> {
  return withDatabase(target, migrationStatus);
}

/** Sets the embedded database aside and begins an empty one; answers where the old one is now, if there was one. */
export async function rebuildDatabase(target: DatabaseTarget): Promise<string | undefined> {
  if (target.databaseUrl !== undefined) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "Only the embedded database is rebuilt here. For PostgreSQL use its own tools, then 'indexer db migrate'.",
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
