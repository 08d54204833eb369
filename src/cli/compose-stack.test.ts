// Runs the services of docker-compose.yml as the file describes them, outside Docker, on a real PostgreSQL, with Debian's
// HAProxy and Prometheus. Differences: what compose-stack.ts replaces, and `fastRules` and `fastScrapes` below.
import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse, stringify } from "yaml";
import { readComposeFile } from "../testing/compose.js";
import { createComposeStack, type ComposeStack } from "../testing/compose-stack.js";
import {
  dashboardQueries,
  declaredMetrics,
  metricsIn,
  readAlerts,
  sampledMetrics,
} from "../testing/dashboards.js";
import { data, subscribe } from "../testing/graphql-client.js";
import { hasPostgres } from "../testing/postgres.js";
import type { RunningProcess } from "../testing/processes.js";
import { findProgram } from "../testing/programs.js";
import { until } from "../testing/until.js";

const programs = [
  findProgram("haproxy", "haproxy"),
  findProgram("prometheus", "prometheus"),
  findProgram("promtool", "prometheus"),
  findProgram("wget", "wget"),
];
const canRun = hasPostgres && programs.every((program) => program !== undefined);
const chain = "demo/demo-1";

/** Alerts fire at once, so that the test waits for events only. */
function fastRules(text: string): string {
  return text.replace(/for: \d+[ms]/g, "for: 0s");
}

interface ScrapeFile {
  global: Record<string, string>;
  scrape_configs: {
    job_name: string;
    dns_sd_configs?: { names: string[]; port: number }[];
    static_configs?: object[];
  }[];
}

/** Short intervals, and names of services in place of DNS, which resolves them in a compose network only. */
function fastScrapes(text: string): string {
  const content = parse(text) as ScrapeFile;
  content.global = { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" };
  for (const job of content.scrape_configs) {
    const [dns] = job.dns_sd_configs ?? [];
    if (dns === undefined) continue;
    delete job.dns_sd_configs;
    job.static_configs = [{ targets: dns.names.filter(isStarted).map((name) => `${name}:${dns.port}`) }];
  }
  return stringify(content);
}

function isStarted(name: string): boolean {
  return readComposeFile().services[name]?.profiles.length === 0;
}

describe.skipIf(!canRun)("the services of docker-compose.yml", () => {
  let stack: ComposeStack;
  let worker: RunningProcess;
  const managers: RunningProcess[] = [];
  const urls: string[] = [];
  let proxy = "";
  let prometheus = "";
  const adminUrl = inject("postgresUrl");
  const { POSTGRES_USER = "", POSTGRES_DB = "" } = readComposeFile().services["postgres"]!.environment;

  const secret = (name: string): string =>
    readFileSync(stack.path("secrets", `/run/indexer/${name}`), "utf8");
  const query = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${prometheus}/api/v1/${path}`);
    const { status, data: result, error } = (await response.json()) as Record<string, unknown>;
    if (status !== "success") throw new Error(`${path}: ${String(error)}`);
    return result as T;
  };
  const samples = (expr: string): Promise<{ result: { metric: Record<string, string> }[] }> =>
    query(`query?query=${encodeURIComponent(expr)}`);

  const dropDatabase = async (): Promise<void> => {
    await execute(adminUrl, `drop database if exists ${POSTGRES_DB} with (force)`);
    await execute(adminUrl, `drop role if exists ${POSTGRES_USER}`);
  };

  beforeAll(async () => {
    await dropDatabase();
    stack = createComposeStack({ "postgres:5432": new URL(adminUrl).host });
  });
  afterAll(async () => {
    await stack.remove();
    await dropDatabase();
  });

  it("secrets: writes random secrets once", async () => {
    const names = ["workers/token", "grafana/password", "database/password", "database/url"];
    expect(await (await stack.start("secrets")).ended()).toBe(0);
    const first = names.map(secret);
    expect(new Set(first).size).toBe(4);
    for (const text of first) expect(text.length).toBeGreaterThanOrEqual(32);
    expect(await (await stack.start("secrets")).ended()).toBe(0);
    expect(names.map(secret)).toEqual(first);
  });

  it("migrate: applies the migrations with the Prisma CLI, and finds none the next time", async () => {
    await execute(adminUrl, `create role ${POSTGRES_USER} login password '${secret("database/password")}'`);
    await execute(adminUrl, `create database ${POSTGRES_DB} owner ${POSTGRES_USER}`);
    for (const expected of [
      "All migrations have been successfully applied.",
      "No pending migrations to apply.",
    ]) {
      const migrate = await stack.start("migrate");
      expect(await migrate.ended(), migrate.output()).toBe(0);
      expect(migrate.output()).toContain(expected);
    }
  });

  it("managers and worker: the worker registers with both managers, and each answers queries", async () => {
    for (const name of ["manager-1", "manager-2"]) {
      managers.push(await stack.start(name));
      urls.push(`http://${await stack.address(name, 8085)}`);
    }
    for (const manager of managers) await manager.line(/The manager is ready/);
    expect(await Promise.all([stack.isHealthy("manager-1"), stack.isHealthy("manager-2")])).toEqual([
      true,
      true,
    ]);
    worker = await stack.start("worker-demo");
    for (const url of urls) {
      await until(`the worker is online at ${url}`, async () => {
        const { workers } = await data<{ workers: { state: string }[] }>(url, "{ workers { state } }");
        return workers.some(({ state }) => state === "ONLINE");
      });
      await until(`${url} returns a block`, async () => {
        const blocks = `{ blocks(first: 1, filter: { chain: { network: "demo", chainId: "demo-1" } }) { nodes { height } } }`;
        return (await data<{ blocks: { nodes: unknown[] } }>(url, blocks)).blocks.nodes.length === 1;
      });
    }
    expect(await stack.isHealthy("worker-demo")).toBe(true);
    const stranger = await fetch(`${urls[0]}/client_ping`, { method: "POST", body: "{}" });
    expect(stranger.status).toBe(401);
  });

  it("proxy: passes queries, WebSockets and SSE, and refuses registrations", async () => {
    await stack.start("proxy");
    proxy = `http://${await stack.address("proxy", 8085)}`;
    await until("the proxy responds", () =>
      fetch(`${proxy}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    expect(await stack.isHealthy("proxy")).toBe(true);
    const manager = `{ manager { id } }`;
    const ids = new Set<string>();
    await until("the proxy reaches both managers", async () => {
      ids.add((await data<{ manager: { id: string } }>(proxy, manager)).manager.id);
      return ids.size === 2;
    });
    const fetchHeights = `subscription {
      fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 1, to: 20 } }) {
        ... on FetchFinal { status blockCount }
      }
    }`;
    const events: unknown[] = [];
    for await (const event of subscribe(proxy, fetchHeights)) events.push(event);
    expect(events.at(-1)).toEqual({ fetch: { status: "SUCCEEDED", blockCount: 20 } });
    const stream = await fetch(`${proxy}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ query: fetchHeights }),
    });
    expect(stream.headers.get("content-type")).toContain("text/event-stream");
    expect(await stream.text()).toContain(`{"status":"SUCCEEDED","blockCount":20}`);
    const refused = await fetch(`${proxy}/client_ping`, { method: "POST", body: "{}" });
    expect(refused.status).toBe(403);
  });

  it("scheduler: creates the schedule of its file, and its slots succeed", async () => {
    const scheduler = await stack.start("scheduler");
    await scheduler.line(/The scheduler is ready/);
    expect(await stack.isHealthy("scheduler")).toBe(true);
    const [definition] = JSON.parse(
      readFileSync(stack.path("scheduler", "/etc/indexer/schedules.json"), "utf8"),
    ) as { task_id: string }[];
    const taskId = definition!.task_id;
    await until("a slot succeeds", async () => {
      const schedules = `{ schedules { taskId last { height error } } }`;
      const found = await data<{ schedules: { taskId: string; last: { error: string | null } | null }[] }>(
        proxy,
        schedules,
      );
      return found.schedules.some((each) => each.taskId === taskId && each.last?.error === null);
    });
  });

  it("prometheus: every target is up and every rule is evaluated", async () => {
    const address = await stack.address("prometheus", 9090);
    prometheus = `http://${address}`;
    const server = await stack.start("prometheus", {
      extraArgs: [`--web.listen-address=${address}`],
      edit: { "/etc/prometheus/prometheus.yml": fastScrapes, "/etc/prometheus/alerts.yml": fastRules },
    });
    await server.line(/Server is ready to receive web requests/);
    expect(await stack.isHealthy("prometheus")).toBe(true);
    await until("every target is up", async () => {
      const { activeTargets } = await query<{ activeTargets: { health: string }[] }>("targets");
      return activeTargets.length === 6 && activeTargets.every(({ health }) => health === "up");
    });
    interface Rule {
      readonly name: string;
      readonly health: string;
    }
    const rules = await until("every rule is evaluated", async () => {
      const { groups } = await query<{ groups: { rules: Rule[] }[] }>("rules");
      const found = groups.flatMap((group) => group.rules);
      return found.length > 0 && found.every(({ health }) => health === "ok") && found;
    });
    const alerts = readAlerts().map(({ alert }) => alert);
    expect(rules.map(({ name }) => name).sort()).toEqual(alerts.sort());
  });

  it("dashboards and alerts: use metrics that exist, and every panel with samples shows data", async () => {
    const scraped = await Promise.all(
      [
        ["manager-1", 9464],
        ["manager-2", 9464],
        ["worker-demo", 9464],
        ["proxy", 8404],
        ["scheduler", 8075],
      ].map(async ([name, port]) =>
        (await fetch(`http://${await stack.address(String(name), Number(port))}/metrics`)).text(),
      ),
    );
    const ofPrometheus = ["up", "ALERTS"];
    const declared = new Set([...ofPrometheus, ...scraped.flatMap((text) => [...declaredMetrics(text)])]);
    const queries = dashboardQueries(chain, "1m");
    const wanted = [...queries, ...readAlerts()].flatMap(({ expr }) => metricsIn(expr));
    expect(wanted.filter((name) => !declared.has(name))).toEqual([]);

    const sampled = new Set(["up", ...scraped.flatMap((text) => [...sampledMetrics(text)])]);
    const withSamples = queries.filter(({ expr }) => metricsIn(expr).every((name) => sampled.has(name)));
    expect(withSamples.length).toBeGreaterThan(30);
    for (const { from, expr, labels } of withSamples) {
      const { result } = await until(`${from} shows data: ${expr}`, async () => {
        const found = await samples(expr);
        return found.result.length > 0 && found;
      });
      for (const { metric } of result)
        expect(Object.keys(metric), from).toEqual(expect.arrayContaining([...labels]));
    }
    for (const { expr } of queries) await samples(expr);
  });

  it("prometheus: fires an alert after the only worker of a chain is killed", async () => {
    const firing = async (): Promise<Record<string, string>[]> => {
      const { alerts } = await query<{ alerts: { state: string; labels: Record<string, string> }[] }>(
        "alerts",
      );
      return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels);
    };
    const isAbout = ({ alertname }: Record<string, string>): boolean => alertname === "ChainWithoutWorker";
    expect((await firing()).filter(isAbout)).toEqual([]);
    await worker.kill();
    const alert = await until("the alert fires", async () => (await firing()).find(isAbout));
    expect(alert).toMatchObject({ chain, severity: "critical" });
  });

  it("proxy: continues with the other manager after one is killed, and managers end within their grace period", async () => {
    await managers[0]!.kill();
    for (let attempt = 0; attempt < 10; attempt += 1)
      expect(await data(proxy, "{ __typename }")).toEqual({ __typename: "Query" });
    managers[1]!.signal("SIGTERM");
    expect(await managers[1]!.ended()).toBe(0);
  });

  it("workers of real chains: name the variable that is missing", async () => {
    const [ethereum, cosmos] = await Promise.all([
      stack.start("worker-ethereum"),
      stack.start("worker-cosmos"),
    ]);
    expect(await ethereum.ended()).toBe(2);
    expect(ethereum.output()).toContain(
      'ETHEREUM_RPC_URL (environment) is "not set. Set it to the JSON-RPC endpoint of your node"',
    );
    expect(await cosmos.ended()).not.toBe(0);
    expect(cosmos.output()).toMatch(/COSMOS_GRPC_ADDR/);
  });
});

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
