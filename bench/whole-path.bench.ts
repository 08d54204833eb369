// The whole path: worker process → gRPC → manager process → PostgreSQL with all indexes → subscriber. The reference is an
// INSERT … SELECT of the same rows into tables with the same indexes, over as many connections as the manager writes with.
import { readFileSync } from "node:fs";
import pg from "pg";
import { expect, it, vi } from "vitest";
import { data, subscribe } from "../src/testing/graphql-client.js";
import { createDatabase } from "../src/testing/postgres.js";
import { startProcess } from "../src/testing/processes.js";
import { writeResults } from "./results.js";

const heights = Number(process.env["BENCH_HEIGHTS"] ?? 10_000);
const perBlock = 20;
const connections = 2;
const tables = ["block", `"transaction"`, "account_transaction", "type_transaction"];

it("stores and publishes everything that a worker sends", async () => {
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url, LOG_LEVEL: "info" };
  expect(await startProcess({ args: ["db", "migrate"], env }).ended()).toBe(0);
  // Without a limit, Node's heap grows with the machine's memory, and the resident size does not show what is needed.
  const limited = { ...env, NODE_OPTIONS: "--max-old-space-size=220" };
  const manager = startProcess({ args: ["manager", "--address", "127.0.0.1:0"], env: limited });
  const [, url = ""] = await manager.line(/"url":"(http:[^"]+)"/);
  const worker = startProcess({
    args: ["worker", "demo"],
    env: { MANAGERS: url.replace("http://", ""), HOSTNAME: "127.0.0.1", DEMO_TRANSACTIONS: String(perBlock) },
  });
  await vi.waitFor(
    async () => {
      const { workers } = await data<{ workers: { state: string }[] }>(url, "{ workers { state } }");
      expect(workers).toEqual([{ state: "ONLINE" }]);
    },
    { timeout: 20_000 },
  );

  const cpuBefore = { manager: cpuOf(manager.pid), worker: cpuOf(worker.pid) };
  const began = performance.now();
  let first = 0;
  let transactions = 0;
  const memory: number[] = [];
  const query = `subscription { fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 1, to: ${heights} } }) {
    __typename ... on FetchPart { order } ... on FetchFinal { status transactionCount } } }`;
  interface Event {
    readonly __typename: string;
    readonly order?: number;
    readonly status?: string;
    readonly transactionCount?: number;
  }
  for await (const { fetch } of subscribe<{ fetch: Event }>(url, query)) {
    if (fetch.order === 0) first = performance.now() - began;
    if ((fetch.order ?? 1) % 100 === 0) memory.push(residentMiB(manager.pid));
    if (fetch.__typename === "FetchFinal") {
      expect(fetch.status).toBe("SUCCEEDED");
      transactions = fetch.transactionCount ?? 0;
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  const cpuSeconds = {
    manager: cpuOf(manager.pid) - cpuBefore.manager,
    worker: cpuOf(worker.pid) - cpuBefore.worker,
  };
  const peaks = { manager: residentMiB(manager.pid, "VmHWM"), worker: residentMiB(worker.pid, "VmHWM") };
  await Promise.all([manager.kill(), worker.kill()]);
  const insertSeconds = await measureInsert(database.url);
  await database.drop();

  const half = Math.floor(memory.length / 2);
  writeResults("Whole path", [
    { measure: "transactions", value: transactions.toLocaleString("en-US") },
    {
      measure: "transactions per second, worker → stream → database → subscriber",
      value: perSecond(transactions, seconds),
    },
    {
      measure: "transactions per second, reference: insert of the same rows",
      value: perSecond(transactions, insertSeconds),
    },
    { measure: "ratio (target 0.8)", value: (insertSeconds / seconds).toFixed(2) },
    {
      measure: "CPU of the manager / the worker per transaction (targets 20 / 18)",
      value: `${microsPer(cpuSeconds.manager, transactions)} / ${microsPer(cpuSeconds.worker, transactions)} µs`,
    },
    { measure: "time to the first part", value: `${first.toFixed(0)} ms` },
    {
      measure: "manager resident memory, first half / second half / peak",
      value: `${maximum(memory.slice(0, half))} / ${maximum(memory.slice(half))} / ${peaks.manager} MiB`,
    },
    { measure: "worker resident memory, peak", value: `${peaks.worker} MiB` },
  ]);
});

/** Returns the seconds that it takes to insert all rows into empty tables with the same indexes. */
async function measureInsert(databaseUrl: string): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  // Dropping the database terminates connections that are still closing.
  pool.on("error", () => {});
  const run = async (text: string): Promise<void> => void (await pool.query(text));
  for (const table of tables) {
    const plain = table.replaceAll('"', "");
    await run(`create unlogged table copied_${plain} as select * from ${table}`);
    await run(`create table bare_${plain} (like ${table} including all)`);
  }
  const columns = async (plain: string): Promise<string> => {
    const { rows } = await pool.query<{ name: string }>(
      `select quote_ident(column_name) as name from information_schema.columns where table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
      [plain],
    );
    return rows.map(({ name }) => name).join(", ");
  };
  const parts = Array.from({ length: connections }, (_, part) => part);
  const lists = new Map<string, string>();
  for (const table of tables) lists.set(table, await columns(table.replaceAll('"', "")));
  const began = performance.now();
  await Promise.all(
    parts.map(async (part) => {
      for (const table of tables) {
        const plain = table.replaceAll('"', "");
        const list = lists.get(table) ?? "";
        await run(
          `insert into bare_${plain} (${list}) select ${list} from copied_${plain} where height % ${connections} = ${part}`,
        );
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  await pool.end();
  return seconds;
}

function residentMiB(pid: number, field = "VmRSS"): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}

/** Returns the CPU time of a process in seconds, user and system, from Linux' /proc with its 100 ticks a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function microsPer(seconds: number, count: number): string {
  return ((seconds / count) * 1_000_000).toFixed(1);
}

function maximum(values: readonly number[]): number {
  return Math.max(0, ...values);
}

function perSecond(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString("en-US");
}
