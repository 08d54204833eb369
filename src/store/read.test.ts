import { pino } from "pino";
import { describe } from "vitest";
import { embeddedTemplate } from "../testing/embedded-template.js";
import { createDatabase, hasPostgres } from "../testing/postgres.js";
import { createStore } from "./create-store.js";
import { readSuite } from "./read.suite.js";

const logger = pino({ level: "silent" });

describe("reads on PGlite", () => {
  readSuite(async () => {
    const store = await createStore({ logger, template: await embeddedTemplate() });
    return { store, close: () => store.close() };
  });
});

describe.skipIf(!hasPostgres)("reads on PostgreSQL", () => {
  readSuite(async () => {
    const database = await createDatabase();
    const store = await createStore({ databaseUrl: database.url, migrate: true, logger });
    return {
      store,
      close: async () => {
        await store.close();
        await database.drop();
      },
    };
  });
});
