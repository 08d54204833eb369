// Creates one database per suite on the PostgreSQL server of the test run.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** Whether suites on PostgreSQL can run; `describe.skipIf(!hasPostgres)`. */
export const hasPostgres = inject("postgresUrl") !== "";

/** An empty database that the suite drops. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Creates an empty database. */
export async function createDatabase(): Promise<TestDatabase> {
  const admin = inject("postgresUrl");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await execute(admin, `create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => execute(admin, `drop database if exists ${name} with (force)`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
