import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddedTemplate } from "../testing/embedded-template.js";
import { migrate } from "./migrations.js";
import { openDatabase } from "./open-database.js";
import type { WriteBatch } from "./port.js";
import type { Database } from "./sql.js";
import { keepStatistics } from "./statistics.js";

const batch: WriteBatch = { chain: { network: "n", chainId: "c" }, heights: [] };

describe("statistics", () => {
  let database: Database;
  let analyzed = 0;
  let failing = false;
  beforeAll(async () => {
    database = await openDatabase({
      logger: pino({ level: "silent" }),
      template: await embeddedTemplate(),
    });
    await migrate(database);
  });
  afterAll(() => database.close());

  it("are gathered each time the transactions double, and their failure does not fail the write", async () => {
    const watched: Database = {
      ...database,
      query: (statement) => {
        if (!statement.text.startsWith("analyze")) return database.query(statement);
        analyzed += 1;
        return failing ? Promise.reject(new Error("no")) : database.query(statement);
      },
    };
    let next = 0;
    const write = keepStatistics(watched, async () => {
      await database.query({
        text: `insert into "transaction" (chain_id, height, "index", time_ns, has_errors, hash, block_hash, gas_wanted, gas_used,
                 types, parties, senders, recipients, memo, fee, events)
               select 1, n, 0, n, false, n::text, 'b', 0, 0, '{}', '{}', '{}', '{}', '', '[]', '[]'
               from generate_series($1::int8, $1::int8 + 999) as n`,
        values: [next],
      });
      next += 1_000;
      return { blocks: 1_000, transactions: 1_000, replaced: [], unlinked: [] };
    });
    const rows = async (): Promise<unknown> =>
      (await database.query({ text: `select reltuples from pg_class where relname = 'transaction'` }))[0];

    const gathered: number[] = [];
    for (let count = 1; count <= 20; count += 1) {
      await write(batch);
      if (analyzed > gathered.length) gathered.push(count);
    }
    expect(gathered).toEqual([5, 10, 20]);
    expect(await rows()).toEqual({ reltuples: 20_000 });

    failing = true;
    for (let count = 1; count <= 20; count += 1) expect((await write(batch)).transactions).toBe(1_000);
    expect(analyzed).toBe(4);
  });
});
