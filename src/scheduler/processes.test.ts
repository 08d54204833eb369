// Schedulers, managers and a worker as processes. Schedules end with the same state, whichever process is killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { data } from "../testing/graphql-client.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";
import { until } from "../testing/until.js";

let folder: string;
const running: RunningProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "indexer-scheduler-"));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.kill()));
  rmSync(folder, { recursive: true });
});

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess => {
  const started = startProcess({ args, env });
  running.push(started);
  return started;
};
const startListening = async (
  command: "manager" | "scheduler",
  env: Readonly<Record<string, string>>,
): Promise<{ process: RunningProcess; url: string }> => {
  const process = start([command], { ADDRESS: "127.0.0.1:0", ...env });
  const [, url] = await process.line(/"url":"(http:[^"]+)"[^\n]*is ready/);
  return { process, url: url! };
};
const hostOf = (url: string): string => url.replace("http://", "").replace("localhost", "127.0.0.1");
const startWorker = (managers: readonly string[]): RunningProcess =>
  start(["worker", "demo"], {
    MANAGERS: managers.map(hostOf).join(","),
    MANAGER_INTERVAL: "500ms",
    HOSTNAME: "127.0.0.1",
  });
const writeSchedules = (entries: readonly object[]): string => {
  const path = join(folder, "schedules.json");
  const chain = { network: "demo", chain_id: "demo-1" };
  writeFileSync(path, JSON.stringify(entries.map((entry) => ({ ...chain, ...entry }))));
  return path;
};

interface Listed {
  readonly taskId: string;
  readonly fired: string;
  readonly missed: string;
  readonly completedAt: string | null;
  readonly last: { readonly height: number | null; readonly error: string | null } | null;
}
const schedulesAt = async (url: string): Promise<readonly Listed[]> =>
  (
    await data<{ schedules: Listed[] }>(
      url,
      "{ schedules { taskId fired missed completedAt last { height error } } }",
    )
  ).schedules;

describe.skipIf(!hasPostgres)("schedulers on PostgreSQL", () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeEach(async () => {
    database = await createDatabase();
    expect(await start(["db", "migrate"], { DATABASE_URL: database.url }).ended()).toBe(0);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    // Records each claim: a slot that is claimed twice without a crash would be there twice.
    await client.query("create table claims (schedule text, slot int8, owner text, token int8)");
    await client.query(`create function record_claim() returns trigger language plpgsql as $$ begin
      if new.owner is not null and new.token is distinct from old.token then
        insert into claims values (new.task_id, new.slot, new.owner, new.token);
      end if; return new; end $$`);
    await client.query(
      "create trigger record_claims after update on schedule for each row execute function record_claim()",
    );
  });
  afterEach(async () => {
    await client.end();
    await database.drop();
  });
  const claims = async (): Promise<readonly { slot: string }[]> =>
    (await client.query<{ slot: string }>("select slot from claims")).rows;

  it("two of them run each slot once, survive kills of each other and of managers, and keep one row (lessons 36, 37)", async () => {
    const DATABASE_URL = database.url;
    const managers = [
      await startListening("manager", { DATABASE_URL }),
      await startListening("manager", { DATABASE_URL }),
    ];
    const urls = managers.map(({ url }) => url);
    startWorker(urls);
    const env = {
      DATABASE_URL,
      MANAGERS: urls.map(hostOf).join(","),
      MANAGER_INTERVAL: "300ms",
      SCHEDULER_INITIAL_CONFIG_PATH: writeSchedules([
        { task_id: "last", interval: "1s", kind: "lastdata" },
        { task_id: "range", interval: "1s", kind: "syncrange", config: { height_from: 1, height_to: 60 } },
      ]),
    };
    const schedulers = [await startListening("scheduler", env), await startListening("scheduler", env)];
    await until("the range", async () =>
      (await schedulesAt(urls[0]!)).some(
        ({ completedAt, last }) => completedAt !== null && last?.height === 60,
      ),
    );
    await until("ten claims", async () => (await claims()).length >= 10);
    const doubled = "select 1 from claims group by schedule, slot having count(*) > 1";
    expect((await client.query(doubled)).rowCount).toBe(0);

    const headOf = async (): Promise<number> =>
      (await schedulesAt(urls[0]!)).find(({ taskId }) => taskId === "last")?.last?.height ?? 0;
    const untilNewBlocks = async (): Promise<void> => {
      const killedAt = performance.now();
      const head = await headOf();
      await until("new blocks", async () => (await headOf()) > head);
      expect(performance.now() - killedAt).toBeLessThan(25_000);
    };
    // One of them held the slot, so one of these kills interrupts it.
    await schedulers[0]!.process.kill();
    await untilNewBlocks();
    const kept = await startListening("scheduler", env);
    await schedulers[1]!.process.kill();
    await untilNewBlocks();
    await managers[1]!.process.kill();
    await untilNewBlocks();

    const health = (await (await fetch(`${kept.url}/health`)).json()) as {
      managers: { alive: boolean }[];
      schedules: { taskId: string }[];
    };
    expect(health.managers.map(({ alive }) => alive)).toEqual([true, false]);
    expect(health.schedules.map(({ taskId }) => taskId)).toEqual(["last", "range"]);
    const metrics = await (await fetch(`${kept.url}/metrics`)).text();
    expect(metrics).toContain(`indexer_scheduler_managers{state="dead"} 1`);
    expect(metrics).toMatch(/indexer_scheduler_slots_total\{kind="LASTDATA",outcome="success"\} [1-9]/);
    expect((await client.query("select 1 from schedule")).rowCount).toBe(2);

    kept.process.signal("SIGINT");
    expect(await kept.process.ended()).toBe(0);
  }, 120_000);
});

describe("a scheduler without a database", () => {
  it("follows a chain through a manager, shows its result, and stops cleanly", async () => {
    const manager = await startListening("manager", { DATA_FOLDER: join(folder, "data") });
    startWorker([manager.url]);
    const path = writeSchedules([{ task_id: "last", interval: "1s", kind: "lastdata" }]);
    const scheduler = await startListening("scheduler", {
      MANAGERS: hostOf(manager.url),
      SCHEDULER_INITIAL_CONFIG_PATH: path,
    });
    interface Health {
      readonly ready: boolean;
      readonly schedules: readonly { readonly last?: { readonly height?: number } }[];
    }
    const reached = await until("a height", async () => {
      const health = (await (await fetch(`${scheduler.url}/health`)).json()) as Health;
      return health.ready && health.schedules[0]?.last?.height;
    });
    const { chain } = await data<{ chain: { head: { height: number } } }>(
      manager.url,
      `{ chain(network: "demo", chainId: "demo-1") { head { height } } }`,
    );
    expect(chain.head.height).toBeGreaterThanOrEqual(reached);
    scheduler.process.signal("SIGTERM");
    expect(await scheduler.process.ended()).toBe(0);
  });

  it("ends with code 2 and a sentence for an interval of 0 (lesson 35)", async () => {
    const path = writeSchedules([{ task_id: "last", interval: "0s", kind: "lastdata" }]);
    const wrong = start(["scheduler"], { SCHEDULER_INITIAL_CONFIG_PATH: path });
    expect(await wrong.ended()).toBe(2);
    expect(wrong.output()).toContain("entry 1: interval: must be a duration of at least 1s");
    expect(wrong.output()).not.toMatch(/\n\s+at /);
  });
});
