// Failures of PostgreSQL: no partial commit, one clear retryable error, and recovery without a restart.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { silentLogger } from "../lib/logger.js";
import { chainData } from "../testing/chain-data.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { postgresBinaries, startPostgresServer, type PostgresServer } from "../testing/postgres-server.js";
import { until } from "../testing/until.js";
import { createStore } from "./create-store.js";
import { databaseFailure } from "./failures.js";
import type { Store } from "./port.js";

const logger = silentLogger();
const cheap = { events: false, raw: false, rawLog: false };
const newest = { order: "NEWEST_FIRST", limit: 10 } as const;
let chains = 0;

/** Heights 1 to 20 of a new chain, of which 1 to 10 are stored. */
async function halfStored(store: Store) {
  chains += 1;
  const chain = { network: "faults", chainId: `faults-${chains}` };
  await store.write({ chain, heights: chainData(1, 10, { chain }) });
  return { chain, rest: { chain, heights: chainData(11, 20, { chain }) } };
}

async function failureOf(work: Promise<unknown>): Promise<IndexerError> {
  const error: unknown = await work.then(
    () => new Error("It did not fail."),
    (failure: unknown) => failure,
  );
  if (error instanceof IndexerError) return error;
  throw error;
}

describe.skipIf(!hasPostgres)("a broken connection", () => {
  let database: TestDatabase;
  let store: Store;
  let admin: pg.Client;
  beforeAll(async () => {
    database = await createDatabase();
    store = await createStore({ databaseUrl: database.url, migrate: true, logger });
    admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await store.close();
    await database.drop();
  });
  beforeEach(async () => {
    await admin.query("rollback");
  });

  /** Backends of the store that wait for a lock. */
  const waiting = async (): Promise<number[]> => {
    // Within a transaction the view is a snapshot until it is cleared.
    await admin.query("select pg_stat_clear_snapshot()");
    const { rows } = await admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.map(({ pid }) => pid);
  };

  it("rolls back the commit in progress, and the same batch is stored afterwards", async () => {
    const { chain, rest } = await halfStored(store);
    // Blocks the writer at its last step: its rows are written, its commit is not.
    await admin.query("begin");
    await admin.query("select 1 from chain where chain_id = $1 for update", [chain.chainId]);
    const write = failureOf(store.write(rest));
    await until("the writer to wait", async () => (await waiting()).length === 1);
    await admin.query("select pg_terminate_backend(pid) from unnest($1::int4[]) pid", [await waiting()]);
    expect(await write).toMatchObject({ code: "OVERLOADED", retryable: true });
    await admin.query("rollback");

    expect(await store.blocksAt(chain, [11, 15, 20])).toEqual([]);
    expect(await store.transactionsAt(chain, [{ from: 11, to: 20 }], cheap)).toEqual([]);
    expect(await store.indexed(chain)).toEqual([{ from: 1, to: 10 }]);
    expect((await store.latestSequences()).get(`faults/${chain.chainId}`)).toBe(1n);

    expect(await store.write(rest)).toMatchObject({ blocks: 10, transactions: 20 });
    expect((await store.latestSequences()).get(`faults/${chain.chainId}`)).toBe(2n);
    expect(await store.verifyCoverage(chain, { from: 1, to: 20 })).toMatchObject({
      complete: true,
      transactions: 40n,
    });
  });

  it("is replaced while idle, even if its end was not read yet", async () => {
    const { rest } = await halfStored(store);
    // A synchronous process: this process's event loop cannot read the end of the store's connections meanwhile.
    const psql = join(postgresBinaries() ?? "", "psql");
    const end = `select pg_terminate_backend(pid, 5000) from pg_stat_activity
                 where datname = current_database() and application_name = 'indexer'`;
    execFileSync(psql, [database.url, "-c", end]);
    expect(await store.write(rest)).toMatchObject({ blocks: 10 });
  });

  it("is replaced while idle without an error for the caller", async () => {
    const { rest } = await halfStored(store);
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'indexer'`,
    );
    await until("the connections to end", async () => {
      const { rowCount } = await admin.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name = 'indexer'`,
      );
      return rowCount === 0;
    });
    expect(await store.write(rest)).toMatchObject({ blocks: 10 });
  });

  it("under load loses no accepted write and stores none twice", async () => {
    const { chain } = await halfStored(store);
    let cuts = 0;
    let working = true;
    let done = 0;
    const persist = async (work: () => Promise<unknown>): Promise<void> => {
      while (working) {
        const failure = await work().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return void (done += 1);
        if (!(failure instanceof IndexerError) || failure.code !== "OVERLOADED") {
          working = false;
          throw databaseFailure(failure);
        }
      }
    };
    const writer = async (first: number): Promise<void> => {
      for (let from = first; from <= 600; from += 30) {
        const heights = chainData(from, from + 9, { chain });
        await persist(() => store.write({ chain, heights }));
        await persist(() => store.saveNetworkHead(chain, { height: from }));
        await persist(() => store.transactions({ accounts: { any: ["acc1"] } }, newest, cheap));
      }
    };
    const cutter = async (): Promise<void> => {
      for (let next = 3; working; next = done + 3) {
        // Only after some progress: otherwise no writer would finish.
        await until("progress", () => !working || done >= next);
        const { rowCount } = await admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'indexer' and random() < 0.3`,
        );
        cuts += rowCount ?? 0;
      }
    };
    const writers = Promise.all([1, 11, 21].map(writer)).finally(() => void (working = false));
    await Promise.all([writers, cutter()]);
    // The pool may still hold connections of the last cut.
    await until("the last cut to be noticed", () =>
      store.ready().then(
        () => true,
        () => false,
      ),
    );

    expect(cuts).toBeGreaterThan(20);
    const range = { from: 1, to: 600 };
    expect(await store.verifyCoverage(chain, range)).toMatchObject({ complete: true, transactions: 1200n });
    const news = await store.announcements(new Map([[`faults/${chain.chainId}`, 1n]]), 1000);
    const mine = news.filter((each) => each.chain.chainId === chain.chainId);
    expect(mine.map(({ sequence }) => sequence)).toEqual(mine.map((_, at) => BigInt(at + 2)));
    // Heights 1 to 10 were announced before; the writers store each of the other 590 once.
    expect(mine.flatMap(({ heights }) => heights).reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(
      590,
    );
  });

  it("writers of different heights run in parallel and wait for each other only at the chain's lock", async () => {
    const { chain } = await halfStored(store);
    await admin.query("begin");
    await admin.query("select 1 from chain where chain_id = $1 for update", [chain.chainId]);
    const writers = [30, 40, 50].map((from) =>
      store.write({ chain, heights: chainData(from, from + 4, { chain }) }),
    );
    // All three wait at the last step, so none waited for another before it.
    await until("the writers to wait", async () => (await waiting()).length === 3);
    const { rows } = await admin.query<{ query: string }>(
      `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    for (const { query } of rows) expect(query).toMatch(/^update chain set sequence/);
    await admin.query("rollback");
    expect((await Promise.all(writers)).map(({ blocks }) => blocks)).toEqual([5, 5, 5]);
    expect((await store.latestSequences()).get(`faults/${chain.chainId}`)).toBe(4n);
  });

  it("a writer waits for another writer of the same heights and then finds them stored", async () => {
    const { chain, rest } = await halfStored(store);
    const results = await Promise.all([1, 2, 3, 4].map(() => store.write(rest)));
    expect(results.map(({ blocks }) => blocks).sort()).toEqual([0, 0, 0, 10]);
    expect((await store.latestSequences()).get(`faults/${chain.chainId}`)).toBe(2n);
  });
});

describe.skipIf(!hasPostgres)("a failing server", () => {
  let server: PostgresServer;
  let store: Store;
  beforeAll(async () => {
    server = await startPostgresServer(postgresBinaries()!);
    store = await createStore({ databaseUrl: server.url, migrate: true, logger });
  });
  afterAll(async () => {
    await store.close();
    await server.remove();
  });
  const admin = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };

  it("causes one error per call while it is stopped, and serves calls after its restart", async () => {
    const { chain, rest } = await halfStored(store);
    await server.stop();
    for (const work of [
      () => store.write(rest),
      () => store.chains(),
      () => store.chain(chain),
      () => store.blocksAt(chain, [1]),
      () => store.transactions({}, newest, cheap),
      () => store.missing(chain, { from: 1, to: 20 }),
      () => store.latestSequences(),
      () => store.saveNetworkHead(chain, { height: 20 }),
      () => store.ready(),
    ]) {
      const failure = await failureOf(work());
      expect(failure).toMatchObject({ code: "OVERLOADED", retryable: true });
      expect(failure.message).toMatch(/^The (database|connection to the database) .*\.$/);
    }
    await server.start();
    expect(await store.write(rest)).toMatchObject({ blocks: 10 });
    await store.ready();
    expect(await store.verifyCoverage(chain, { from: 1, to: 20 })).toMatchObject({ complete: true });
  });

  it("in read-only mode rejects writes and serves reads", async () => {
    await admin("create database standby");
    const url = new URL(server.url);
    url.pathname = "/standby";
    const before = await createStore({ databaseUrl: url.toString(), migrate: true, logger });
    const { chain, rest } = await halfStored(before);
    await before.close();
    await admin("alter database standby set default_transaction_read_only = on");
    const standby = await createStore({ databaseUrl: url.toString(), logger });
    try {
      expect(await failureOf(standby.write(rest))).toMatchObject({
        code: "OVERLOADED",
        message: expect.stringContaining("read-only") as unknown,
      });
      expect(await standby.indexed(chain)).toEqual([{ from: 1, to: 10 }]);
    } finally {
      await standby.close();
    }
  });

  it("without free connections reports OVERLOADED", async () => {
    await admin("create role crowd login connection limit 0");
    const url = new URL(server.url);
    url.username = "crowd";
    expect(await failureOf(createStore({ databaseUrl: url.toString(), logger }))).toMatchObject({
      code: "OVERLOADED",
      retryable: true,
      message: expect.stringContaining("no connection left") as unknown,
    });
  });

  it.each([
    ["no such database", (url: URL) => void (url.pathname = "/nowhere"), /does not exist: create it/, false],
    ["no such user", (url: URL) => void (url.username = "nobody"), /refused the user or password/, false],
    ["no server", (url: URL) => void (url.port = "1"), /cannot be reached/, true],
  ])("%s is reported with the next step", async (_, spoil, message, retryable) => {
    const url = new URL(server.url);
    spoil(url);
    const failure = await failureOf(createStore({ databaseUrl: url.toString(), logger }));
    expect(failure).toMatchObject({ code: "OVERLOADED", retryable });
    expect(failure.message).toMatch(message);
  });

  it("an invalid URL is reported with an example", async () => {
    expect(await failureOf(createStore({ databaseUrl: "localhost/db", logger }))).toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining("postgresql://") as unknown,
    });
  });

  it("a database without migrations is reported with the next step", async () => {
    await admin("create database bare");
    const url = new URL(server.url);
    url.pathname = "/bare";
    const failure = await failureOf(createStore({ databaseUrl: url.toString(), logger }));
    expect(failure.message).toMatch(/lacks \d+ migration\(s\) \(\d+_init, .*indexer db migrate/);
  });
});
