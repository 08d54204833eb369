// The commands that speak to a manager, as processes against a real one: `indexer dev` with its demo chain.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data } from "../testing/graphql-client.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";
import { runCommand, type CommandResult } from "../testing/run-command.js";
import { until } from "../testing/until.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-commands-"));
const chain = ["--chain", "demo/demo-1"];
let dev: RunningProcess;
let url: string;

/** Runs a command against the manager of this file. */
const run = (...args: string[]): Promise<CommandResult> => runCommand(args, { env: { MANAGER_URL: url } });
const json = async <T>(...args: string[]): Promise<T> => {
  const { code, output, stdout } = await run(...args, "--json");
  expect(code, output).toBe(0);
  return JSON.parse(stdout) as T;
};

beforeAll(async () => {
  const args = ["dev", "--address", "127.0.0.1:0", "--data-folder", join(folder, "data")];
  dev = startProcess({ args: [...args, "--demo-rate", "0", "--demo-heights", "900"] });
  const [, found = ""] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
  url = found;
  await until("the demo chain to be stored", async () => {
    const { chain: demo } = await data<{ chain: { indexed: { from: number; to: number }[] } | null }>(
      url,
      `{ chain(network: "demo", chainId: "demo-1") { indexed { from to } } }`,
    );
    return demo !== null && demo.indexed.some(({ to }) => to >= 899);
  });
});
afterAll(async () => {
  await dev.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("status and workers", () => {
  it("show the manager, its chains and its workers", async () => {
    const status = await run("status");
    expect(status.code).toBe(0);
    expect(status.output).toMatch(/^Manager http:\/\/127\.0\.0\.1:\d+ · version \S+ · pglite /);
    expect(status.output).toMatch(/demo\/demo-1 +(900|899) +(900|899) +0 +90\d +0 +1 online/);
    const workers = await run("workers");
    expect(workers.output).toMatch(/demo\/demo-1 +ONLINE +in-process/);
    expect(workers.output).not.toContain("\u001b[");
  });

  it("print JSON", async () => {
    const { chains } = await json<{ chains: { chainId: string; head: { height: number } }[] }>("status");
    expect(chains).toMatchObject([{ chainId: "demo-1", lag: 0, quarantined: 0 }]);
    expect(await json("workers")).toMatchObject([{ network: "demo", state: "ONLINE" }]);
  });

  it.skipIf(!existsSync("/usr/bin/script"))("draw a table with colours on a terminal only", async () => {
    const program = join(process.cwd(), "dist/cli/main.js");
    const onTerminal = (env: Record<string, string>): Promise<CommandResult> =>
      runCommand(["-qec", `${process.execPath} ${program} status --manager ${url}`, "/dev/null"], {
        executable: "/usr/bin/script",
        env: { TERM: "xterm", NO_COLOR: "", ...env },
      });
    const colored = await onTerminal({});
    expect(colored.output).toContain("┌────");
    expect(colored.output).toContain("\u001b[32m0");
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }, { CI: "true" }]) {
      const plain = await onTerminal(env);
      expect(plain.output).toContain("demo/demo-1");
      expect(plain.output).not.toContain("\u001b[");
      expect(plain.output).not.toContain("┌");
    }
  });
});

describe("check", () => {
  it("reports a complete range with exit code 0, by coverage and by counting", async () => {
    for (const deep of [[], ["--deep"]]) {
      const { code, stdout } = await run("check", ...chain, "--from", "1", "--to", "500", ...deep);
      expect([code, stdout]).toEqual([0, "[ok] 1–500\n"]);
    }
  });

  it("reports missing heights with exit code 1 and the command that repairs", async () => {
    const { code, stdout } = await run("check", ...chain, "--from", "500", "--to", "2,000");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\[ok\] 500–(899|900)\n\[missing blocks\] 90[01]–2,000\n/);
    expect(stdout).toMatch(
      /heights are missing\. Fetch them: indexer sync --chain demo\/demo-1 --from 500 --to 2000\n$/,
    );
    const report = await run("check", ...chain, "--from", "500", "--to", "2000", "--json");
    expect(report.code).toBe(1);
    expect(JSON.parse(report.stdout)).toMatchObject({ complete: false, range: { from: 500, to: 2_000 } });
  });

  it("names the known chains for an unknown one", async () => {
    const { code, output } = await run("check", "--chain", "demo/demo-2");
    expect(code).toBe(1);
    expect(output).toContain("The manager does not know the chain demo/demo-2. It knows demo/demo-1.");
  });
});

describe("schedules", () => {
  it("saves, lists and removes a schedule", async () => {
    const save = ["schedules", "save", "nightly", ...chain, "--interval", "1h"];
    const saved = await run(...save, "--kind", "syncrange", "--from", "5", "--to", "10");
    expect(saved.output).toBe("Saved nightly: syncrange of demo/demo-1 every 1h.\n");
    expect((await run("schedules")).output).toMatch(/nightly +demo\/demo-1 +syncrange 5–10 +1h/);
    expect(await json("schedules")).toEqual(
      expect.arrayContaining([expect.objectContaining({ taskId: "nightly", heights: { from: 5, to: 10 } })]),
    );
    expect((await run("schedules", "remove", "nightly")).output).toBe("Removed nightly.\n");
    expect((await run("schedules", "remove", "nightly")).code).toBe(1);
  });

  it("rejects heights of a lastdata schedule and a syncrange schedule without them", async () => {
    const save = ["schedules", "save", "x", ...chain, "--interval", "1h"];
    expect(await run(...save, "--from", "5")).toMatchObject({ code: 2 });
    expect(await run(...save, "--kind", "syncrange")).toMatchObject({ code: 2 });
    const refused = await run("schedules", "save", "x", ...chain, "--interval", "0s");
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/failed: .*interval/) as string });
  });
});

describe("wrong use", () => {
  it.each([
    [["check"], "required option '--chain <network/chainId>'"],
    [["check", "--chain", "demo"], "Write network/chainId"],
    [["check", ...chain, "--from", "-1"], "A height is a whole number"],
    [["sync", ...chain], "--from is required"],
    [["sync", ...chain, "--from", "5", "--to", "4"], "--from 5 is above --to 4"],
    [["status", "--manager", "ftp://x"], "must be the URL of a manager"],
    [["runs", "--status", "lost"], "Allowed choices are queued"],
  ])("of %j has exit code 2 and a reason", async (args, reason) => {
    const { code, output } = await run(...args);
    expect(code, output).toBe(2);
    expect(output).toContain(reason);
  });
});

describe("config and doctor", () => {
  it("shows each value with its source, and no secret", async () => {
    const { code, stdout } = await runCommand(["config", "manager", "--address", "127.0.0.1:1"], {
      env: { DATABASE_URL: "postgresql://root:hidden@db/x", WORKER_TOKEN: "hidden" },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ADDRESS +127\.0\.0\.1:1 +flag$/m);
    expect(stdout).toMatch(/^DATABASE_URL +postgresql:\/\/\*\*\*@db\/x +environment$/m);
    expect(stdout).toMatch(/^WORKER_TOKEN +\*\*\* +environment$/m);
    expect(stdout).toMatch(/^DRAIN_TIMEOUT +30s +default$/m);
    expect(stdout).not.toContain("hidden");
    const wrong = await runCommand(["config", "worker", "cosmos", "--capacity", "none"]);
    expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining("CAPACITY (flag)") as string });
  });

  it("finds a healthy setup, its manager and its workers", async () => {
    const address = url.replace("http://", "");
    const { code, output } = await run("doctor", "--data-folder", join(folder, "data"), "--address", address);
    expect(code, output).toBe(0);
    expect(output).toContain("in use by the running manager");
    expect(output).toMatch(/\[ok\] address: 127\.0\.0\.1:\d+ is in use by a manager/);
    expect(output).toMatch(/\[ok\] workers: 1 of 1 online \(demo\/demo-1\)/);
  });

  it("names what failed, with the next step", async () => {
    const { code, stdout } = await runCommand(["doctor", "--json", "--ethereum", "http://127.0.0.1:9"], {
      env: { DATABASE_URL: "postgresql://nobody@127.0.0.1:1/none", MANAGER_URL: "http://127.0.0.1:9" },
    });
    expect(code).toBe(1);
    const found = JSON.parse(stdout) as { subject: string; state: string; nextStep?: string }[];
    const stateOf = (subject: string): string | undefined =>
      found.find((each) => each.subject.startsWith(subject))?.state;
    expect([stateOf("Node"), stateOf("database"), stateOf("manager"), stateOf("ethereum node")]).toEqual([
      "ok",
      "failed",
      "warning",
      "failed",
    ]);
    for (const each of found.filter(({ state }) => state !== "ok")) expect(each.nextStep).toMatch(/\w+/);
  });
});
