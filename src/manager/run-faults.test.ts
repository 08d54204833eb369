// A run over many heights while managers and workers are killed and frozen at random moments. `npm run test:faults` runs the
// long form; FAULT_SEED repeats a sequence of faults, FAULT_HEIGHTS and FAULT_COUNT set the size.
import { createServer } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDemoChain } from "../chains/demo/demo-chain.js";
import { data } from "../testing/graphql-client.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";
import { injectFaults, type FaultTarget } from "../testing/random-faults.js";
import { until } from "../testing/until.js";

const long = process.env["FAULTS"] === "long";
const seed = Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const heights = Number(process.env["FAULT_HEIGHTS"] ?? (long ? 200_000 : 12_000));
const count = Number(process.env["FAULT_COUNT"] ?? (long ? 60 : 6));
/** A frozen manager loses its leases after 15 s. */
const maxFreezeMs = long ? 25_000 : 2_000;
const limitMs = long ? 3_600_000 : 240_000;

interface RunState {
  readonly status: string;
  readonly progress: { readonly blocksDone: string; readonly blocksTotal: string };
  readonly errors: readonly { readonly message: string }[];
}

describe.skipIf(!hasPostgres)("a run under faults", () => {
  let database: TestDatabase;
  let client: pg.Client;
  const started: RunningProcess[] = [];
  const start = (args: readonly string[], env: Readonly<Record<string, string>>): RunningProcess => {
    const each = startProcess({ args, env });
    started.push(each);
    return each;
  };
  beforeAll(async () => {
    database = await createDatabase();
    const migrating = start(["db", "migrate"], { DATABASE_URL: database.url });
    expect(await migrating.ended()).toBe(0);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterEach(() => Promise.all(started.splice(0).map((each) => each.kill())));
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const managerTarget = async (name: string, address: string): Promise<FaultTarget> => {
    const startManager = async (): Promise<RunningProcess> => {
      const env = {
        DATABASE_URL: database.url,
        ADDRESS: address,
        ENABLE_SCHEDULER: "true",
        DATABASE_CONNECTIONS: "5",
      };
      const manager = start(["manager"], env);
      await manager.line(/The manager is ready/);
      return manager;
    };
    return { name, start: startManager, process: await startManager() };
  };
  const workerTarget = async (name: string, managers: string): Promise<FaultTarget> => {
    const startWorker = async (): Promise<RunningProcess> => {
      const env = {
        MANAGERS: managers,
        MANAGER_INTERVAL: "500ms",
        HOSTNAME: "127.0.0.1",
        ADDRESS: "127.0.0.1:0",
        DEMO_HEIGHTS: String(heights),
        DEMO_RATE: "0",
        DEMO_TRANSACTIONS: "2",
        DEMO_LATENCY: "20ms",
      };
      const worker = start(["worker", "demo"], env);
      await worker.line(/The worker listens/);
      return worker;
    };
    return { name, start: startWorker, process: await startWorker() };
  };

  it(
    `stores ${heights} heights completely and once (seed ${seed})`,
    async () => {
      const addresses = await Promise.all([1, 2, 3].map(freeAddress));
      const managers = await Promise.all(
        addresses.map((address, at) => managerTarget(`manager ${at + 1}`, address)),
      );
      const workers = await Promise.all(
        [1, 2, 3, 4].map((at) => workerTarget(`worker ${at}`, addresses.join(","))),
      );
      const urls = addresses.map((address) => `http://${address}`);
      /** The first manager that responds: the others may be dead or frozen. */
      const query = async <T>(text: string): Promise<T> => {
        const responses = urls.map((url) =>
          Promise.race([
            data<T>(url, text),
            new Promise<never>((_, reject) => setTimeout(reject, 5_000, new Error("slow"))),
          ]),
        );
        return Promise.any(responses);
      };
      const { startRun } = await query<{ startRun: { run: { id: string } } }>(
        `mutation { startRun(input: { chain: { network: "demo", chainId: "demo-1" }, heights: { from: 1, to: ${heights} }, window: 200 }) { run { id } } }`,
      );
      const { id } = startRun.run;
      const read = async (): Promise<RunState | undefined> => {
        const text = `{ node(id: "${id}") { ... on Run { status progress { blocksDone blocksTotal } errors { message } } } }`;
        return query<{ node: RunState }>(text).then(
          ({ node }) => node,
          () => undefined,
        );
      };

      let last: RunState | undefined;
      let isOver = false;
      const stall = { since: performance.now(), longest: 0, blocks: "" };
      const watching = until(
        `the end of the run (seed ${seed})`,
        async () => {
          last = (await read()) ?? last;
          const blocks = last?.progress.blocksDone ?? "";
          if (blocks !== stall.blocks) {
            stall.longest = Math.max(stall.longest, performance.now() - stall.since);
            Object.assign(stall, { since: performance.now(), blocks });
          }
          return (isOver = last !== undefined && !["QUEUED", "RUNNING"].includes(last.status));
        },
        limitMs,
      );
      const targets = [...managers, ...workers];
      const injecting = injectFaults({
        targets,
        seed,
        count,
        maxFreezeMs,
        maxPauseMs: 1_500,
        isOver: () => isOver,
      });
      const [faults] = await Promise.all([injecting, watching]);

      expect(last, `seed ${seed}: ${JSON.stringify(faults)}`).toMatchObject({
        status: "SUCCEEDED",
        errors: [],
      });
      expect(faults.length).toBeGreaterThan(0);
      // Three managers and four workers: while one is away, the others go on. A frozen manager's chunks wait for its lease. Only
      // the long form measures time, on a machine that does nothing else.
      if (long) expect(stall.longest).toBeLessThan(20_000);

      const { rows } = await client.query<{ blocks: string; transactions: string; distinct: string }>(
        `select (select count(*) from block where height between 1 and $1) as blocks, count(*) as transactions,
           count(distinct (height, "index")) as distinct from "transaction" where height between 1 and $1`,
        [heights],
      );
      const expected = await transactionsOf(heights);
      expect(rows[0]).toEqual({
        blocks: String(heights),
        transactions: String(expected),
        distinct: String(expected),
      });
      // Following stored the heights below the head at the same time: the run skips what it had stored before.
      expect(last?.progress.blocksDone).toBe(last?.progress.blocksTotal);
      const coverage = `{ chain(network: "demo", chainId: "demo-1") { coverage(from: 1, to: ${heights}) { complete } } }`;
      await until("a response", () =>
        query(coverage).then(
          () => true,
          () => false,
        ),
      );
      expect(await query(coverage)).toEqual({ chain: { coverage: { complete: true } } });
      // Every slot of the chain's schedule ran once or was counted as missed.
      const slots = await client.query<{ fired: string; missed: string; span: string }>(
        `select fired, missed, floor(extract(epoch from clock_timestamp()) * 1000 / interval_ms)::int8
           - floor(extract(epoch from created_at) * 1000 / interval_ms)::int8 + 1 as span from schedule`,
      );
      expect(slots.rows).toHaveLength(1);
      const [slot] = slots.rows;
      expect(Number(slot?.fired) + Number(slot?.missed)).toBeLessThanOrEqual(Number(slot?.span));
      expect(Number(slot?.fired)).toBeGreaterThan(0);
    },
    limitMs + 60_000,
  );
});

/** The transactions of the demo chain, counted without any process. */
async function transactionsOf(last: number): Promise<number> {
  const chain = createDemoChain({ initialHeights: last, ratePerSecond: 0, transactionsPerBlock: 2 });
  const signal = new AbortController().signal;
  let transactions = 0;
  const task = { kind: "heights", chain: chain.chain, range: { from: 1, to: last } } as const;
  for await (const result of chain.execute(task, signal)) {
    if (result.kind === "height") transactions += result.transactions.length;
  }
  return transactions;
}

/** An address that was free a moment ago; a manager that is started again needs the same one. */
function freeAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
}
