// `indexer sync`, `runs` and `check --deep --fix` against managers on PostgreSQL: progress, detaching, cancelling, repair.
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data } from "../testing/graphql-client.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";
import { runCommand, type CommandResult } from "../testing/run-command.js";
import { until } from "../testing/until.js";

const chain = ["--chain", "demo/demo-1"];

interface RunLine {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly blocksDone: number; readonly blocksTotal: number };
}

describe.skipIf(!hasPostgres)("runs on the command line", () => {
  let database: TestDatabase;
  let url: string;
  const processes: RunningProcess[] = [];
  const start = (args: readonly string[], env: Readonly<Record<string, string>>): RunningProcess => {
    const started = startProcess({ args, env });
    processes.push(started);
    return started;
  };
  const run = (...args: string[]): Promise<CommandResult> => runCommand(args, { env: { MANAGER_URL: url } });

  beforeAll(async () => {
    database = await createDatabase();
    const env = { DATABASE_URL: database.url, ADDRESS: "127.0.0.1:0", MIGRATE_ON_START: "true" };
    const manager = start(["manager"], env);
    [, url = ""] = await manager.line(/"url":"(http:[^"]+)"/, 60_000);
    const managers = url.replace("http://", "");
    start(["worker", "demo"], {
      MANAGERS: managers,
      MANAGER_INTERVAL: "500ms",
      HOSTNAME: "127.0.0.1",
      DEMO_HEIGHTS: "1000000",
      DEMO_LATENCY: "20ms",
    });
    await until("the worker to be online", async () => {
      const { workers } = await data<{ workers: { state: string }[] }>(url, "{ workers { state } }");
      return workers.some(({ state }) => state === "ONLINE");
    });
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    await database.drop();
  });

  it("shows the progress of a run until it ends, and each state as a line of JSON", async () => {
    const { code, output } = await run("sync", ...chain, "--from", "1", "--to", "400");
    expect(code, output).toBe(0);
    expect(output).toMatch(/100% · 400\/400 blocks · \S+ blocks\/s · ETA 0s/);
    expect(output).toMatch(/demo\/demo-1 1–400: SUCCEEDED · 400 of 400 blocks · [\d,]+ transactions · in /);
    const again = await run("sync", ...chain, "--from", "1", "--to", "500", "--json");
    const states = again.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RunLine);
    expect(states.at(-1)).toMatchObject({ status: "SUCCEEDED" });
    const done = states.map(({ progress }) => progress.blocksDone);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect((await run("runs", "--status", "succeeded")).output).toMatch(
      /demo\/demo-1 +1–400 +missing +SUCCEEDED/,
    );
  });

  it("detaches on Ctrl-C, while the run goes on; a second sync follows it, and --cancel cancels it", async () => {
    const range = ["--from", "10001", "--to", "300000"];
    const first = start(["sync", ...chain, ...range], { MANAGER_URL: url });
    await until("the run to be listed", async () => (await run("runs")).output.includes("10,001–300,000"));
    first.signal("SIGINT");
    expect(await first.ended()).toBe(0);
    const [, id = ""] = /Follow it again: indexer runs follow (\S+)/.exec(first.output()) ?? [];
    expect(id).not.toBe("");
    const second = start(["sync", ...chain, ...range], { MANAGER_URL: url });
    await second.line(/A run works on this range already \(10,001–300,000\): following it/);
    const follower = start(["runs", "follow", id, "--json"], { MANAGER_URL: url });
    await follower.line(/"status":"RUNNING"/);
    const cancelled = await run("sync", ...chain, ...range, "--cancel");
    expect(cancelled.output).toContain(`Cancelled ${id} (demo/demo-1 10,001–300,000).`);
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain("demo/demo-1 10,001–300,000: CANCELLED");
    expect(await follower.ended()).toBe(1);
    expect((await run("sync", ...chain, ...range, "--cancel")).output).toContain("no unfinished run");
    const { code, output } = await run("runs", "cancel", "unknown");
    expect(code).toBe(1);
    expect(output).toMatch(/^The manager at .* failed: .+\n$/);
  });

  it("finds missing transactions by counting, and --fix fetches them again", async () => {
    expect((await run("sync", ...chain, "--from", "1", "--to", "400")).code).toBe(0);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ height: string }>(
      `delete from "transaction" where (chain_id, height, "index") in
         (select chain_id, height, "index" from "transaction" where height between 100 and 200 order by height limit 1)
       returning height`,
    );
    await client.end();
    const height = Number(rows[0]!.height);
    const range = ["--from", "1", "--to", "400"];
    expect((await run("check", ...chain, ...range)).code).toBe(0);
    const found = await run("check", ...chain, ...range, "--deep", "--json");
    expect(found.code).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject({
      missingHeights: 1,
      findings: [
        { kind: "ok", from: 1, to: height - 1 },
        { kind: "missing transactions", from: height, to: height },
        { kind: "ok", from: height + 1, to: 400 },
      ],
    });
    const fixed = await run("check", ...chain, ...range, "--deep", "--fix");
    expect(fixed.code, fixed.output).toBe(0);
    expect(fixed.stdout).toMatch(/SUCCEEDED[^]*\[ok\] 1–400\n$/);
    expect((await run("check", ...chain, ...range, "--deep")).stdout).toBe("[ok] 1–400\n");
  });
});
