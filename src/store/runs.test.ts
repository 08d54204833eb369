import { afterAll, beforeAll, describe } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { storeOver } from "./create-store.js";
import { openDatabase } from "./open-database.js";
import { runsSuite, type OpenStore } from "./runs.suite.js";

const logger = silentLogger();

async function open(databaseUrl: string | undefined): Promise<OpenStore> {
  const options = { logger, migrate: true, ...(databaseUrl !== undefined && { databaseUrl }) };
  const database = await openDatabase(options);
  return { database, store: await storeOver(database, options) };
}

describe("runs on the embedded database", () => {
  runsSuite(() => open(undefined));
});

describe.skipIf(!hasPostgres)("runs on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  runsSuite(() => open(database.url));
});
