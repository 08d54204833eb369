import { afterAll, beforeAll, describe } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { embeddedTemplate } from "../testing/embedded-template.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { openDatabase } from "./open-database.js";
import { writeRulesSuite } from "./write-rules.suite.js";

const logger = silentLogger();

describe("the rules of writing on the embedded database", () => {
  writeRulesSuite(async () => openDatabase({ logger, template: await embeddedTemplate() }));
});

describe.skipIf(!hasPostgres)("the rules of writing on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  writeRulesSuite(() => openDatabase({ databaseUrl: database.url, logger }));
});
