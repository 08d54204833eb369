import { describe, afterAll, beforeAll } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { embeddedTemplate } from "../testing/embedded-template.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { createStore } from "./create-store.js";
import { storeSuite } from "./store.suite.js";

const logger = silentLogger();

describe("the store on the embedded database", () => {
  storeSuite(async () => createStore({ logger, template: await embeddedTemplate() }));
});

describe.skipIf(!hasPostgres)("the store on PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  storeSuite(() => createStore({ databaseUrl: database.url, migrate: true, logger }));
});
