import { afterAll, beforeAll, describe } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { embeddedTemplate } from "../testing/embedded-template.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { damageSuite } from "./damage.suite.js";
import { openDatabase } from "./open-database.js";

const logger = silentLogger();

describe("damage to the embedded database", () => {
  damageSuite(async () => openDatabase({ logger, template: await embeddedTemplate() }));
});

describe.skipIf(!hasPostgres)("damage to PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  damageSuite(() => openDatabase({ databaseUrl: database.url, logger }));
});
