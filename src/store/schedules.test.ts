import { afterAll, beforeAll, describe } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { openDatabase } from "./open-database.js";
import { schedulesSuite } from "./schedules.suite.js";

const logger = silentLogger();

describe("schedules on the embedded database", () => {
  schedulesSuite(() => openDatabase({ logger }));
});

describe.skipIf(!hasPostgres)("schedules on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  schedulesSuite(() => openDatabase({ databaseUrl: database.url, logger }));
});
