// Compares docker-compose.yml, the Dockerfile and deploy/ with the code. `compose-stack.test.ts` runs what they describe.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chainAdapters } from "../chains/registry.js";
import { resolveSettings, type Settings } from "../lib/config.js";
import { managerSettings } from "../manager/config.js";
import { schedulerSettings } from "../scheduler/config.js";
import {
  imageEnvironment,
  mountsOf,
  readComposeFile,
  readDockerfile,
  repository,
  type ComposeService,
} from "../testing/compose.js";
import { startProcess } from "../testing/processes.js";
import { findProgram } from "../testing/programs.js";
import { workerSettings } from "../worker/config.js";

const packageSchema = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  readonly bin: { readonly indexer: string };
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};
const { services, volumes, networks } = readComposeFile();
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);
/** Services that run once and end. */
const oneShot = ["secrets", "migrate"];
const longRunning = all.filter(([name]) => !oneShot.includes(name));

const workerTable = (network: string): Settings => ({
  ...workerSettings,
  ...chainAdapters.find((each) => each.network === network)?.settings,
});
/** The settings of a service's command; undefined if it is not a command of the CLI. */
function settingsOf({ entrypoint, command = [] }: ComposeService): Settings | undefined {
  const [first, network = ""] = command;
  if (entrypoint !== undefined) return undefined;
  if (first === "manager") return managerSettings;
  if (first === "scheduler") return schedulerSettings;
  return first === "worker" ? workerTable(network) : undefined;
}
/** The environment of a service with texts in place of the files of secrets. */
function environmentOf({ environment }: ComposeService, table: Settings): Record<string, string> {
  const secrets = new Map(
    Object.values(table)
      .filter(({ secret }) => secret === true)
      .map(({ name }) => [`${name}_FILE`, name]),
  );
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => {
      const secret = secrets.get(key);
      if (secret === undefined) return [key, value];
      return [secret, secret === "DATABASE_URL" ? "postgresql://user@host/name" : "secret"];
    }),
  );
}
const configured = ours.flatMap(([name, service]) => {
  const table = settingsOf(service);
  return table === undefined ? [] : [{ name, service, table }];
});
const millis = (duration: string): number => Number.parseInt(duration, 10) * 1_000;

describe("docker-compose.yml", () => {
  const compose = findProgram("docker-compose", "docker-compose");
  it.skipIf(compose === undefined)("is accepted by docker-compose, with every profile", () => {
    const config = (env: Record<string, string>): string =>
      execFileSync(compose!, ["config"], {
        cwd: repository,
        encoding: "utf8",
        env: { PATH: process.env["PATH"], ...env },
      });
    expect(config({})).toContain("worker-cosmos:");
    expect(config({ ETHEREUM_RPC_URL: "http://node:8545" })).toContain("ETHEREUM_RPC_URL: http://node:8545");
  });

  it("mounts files that exist, and volumes and networks that are declared and used", () => {
    const mounts = all.flatMap(([, service]) => mountsOf(service));
    for (const { source } of mounts.filter(({ isVolume }) => !isVolume))
      expect(existsSync(join(repository, source)), source).toBe(true);
    const used = new Set(mounts.filter(({ isVolume }) => isVolume).map(({ source }) => source));
    expect([...used].sort()).toEqual(Object.keys(volumes).sort());
    const joined = new Set(all.flatMap(([, each]) => each.networks));
    expect([...joined].sort()).toEqual(Object.keys(networks).sort());
  });

  it.each(configured)("sets only valid settings of its command: $name", ({ service, table }) => {
    const environment = environmentOf(service, table);
    const names = Object.values(table).map(({ name }) => name);
    const unknown = Object.keys(environment).filter((name) => !names.includes(name));
    expect(unknown.filter((name) => name !== "NODE_OPTIONS")).toEqual([]);
    const resolve = (): unknown => resolveSettings(table, { flags: {}, environment, file: {} });
    // The default of this variable is the message for its operator.
    if (service.command?.[1] === "ethereum")
      expect(resolve).toThrow(/"not set\. Set it to .*": must be URLs/);
    else expect(resolve).not.toThrow();
  });

  it("runs commands that the CLI has", async () => {
    const commands = new Map(
      ours.flatMap(([name, { entrypoint, command = [] }]) =>
        entrypoint === undefined ? [[command.join(" "), name]] : [],
      ),
    );
    const results = [...commands].map(async ([command, service]) => {
      const help = startProcess({ args: [...command.split(" "), "--help"] });
      await help.ended();
      return { service, exists: help.output().includes(`Usage: indexer ${command} `) };
    });
    const missing = (await Promise.all(results)).filter(({ exists }) => !exists);
    expect(missing.map(({ service }) => service)).toEqual([]);
  });

  it("has a worker for every network, and every worker registers with every manager", () => {
    const workers = all.filter(([name]) => name.startsWith("worker-"));
    expect(workers.map(([, { command }]) => command?.[1]).sort()).toEqual(
      chainAdapters.map(({ network }) => network).sort(),
    );
    expect(workers.filter(([, { profiles }]) => profiles.length === 0).map(([name]) => name)).toEqual([
      "worker-demo",
    ]);
    const managers = all
      .filter(([, { command }]) => command?.[0] === "manager")
      .map(([name, { environment }]) => `${name}:${environment["ADDRESS"]?.split(":")[1]}`);
    expect(managers).toHaveLength(2);
    for (const [, { environment }] of [...workers, ["scheduler", services["scheduler"]!] as const])
      expect(environment["MANAGERS"]).toBe(managers.join(","));
  });

  it("uses the ports that the processes listen on in every file", () => {
    const portOf = (name: string, setting: string): string =>
      services[name]!.environment[setting]!.split(":")[1]!;
    const [api, metrics] = [portOf("manager-1", "ADDRESS"), portOf("manager-1", "METRICS_ADDRESS")];
    expect(portOf("worker-demo", "METRICS_ADDRESS")).toBe(metrics);
    expect(readDockerfile().find(({ name }) => name === "EXPOSE")?.args).toEqual([api, metrics]);
    const proxy = readFileSync(join(repository, "deploy/proxy/haproxy.cfg"), "utf8");
    const bound = [...proxy.matchAll(/bind :(\d+)/g)].map(([, port]) => port);
    expect(services["proxy"]!.ports).toEqual([`${bound[0]}:${bound[0]}`]);
    for (const name of ["manager-1", "manager-2"])
      expect(proxy.match(new RegExp(`server ${name} ${name}:${api}$`, "gm"))).toHaveLength(2);
    const scraped = readFileSync(join(repository, "deploy/prometheus/prometheus.yml"), "utf8");
    for (const target of [`manager-1:${metrics}`, `manager-2:${metrics}`, `proxy:${bound[1]}`])
      expect(scraped).toContain(`"${target}"`);
    expect(scraped).toContain(`"scheduler:${portOf("scheduler", "ADDRESS")}"`);
    expect(scraped).toContain(`port: ${metrics}`);
    for (const name of all.map(([each]) => each).filter((each) => each.startsWith("worker-")))
      expect(scraped).toContain(name);
    expect(services["prometheus"]!.ports).toEqual(["127.0.0.1:9090:9090"]);
    expect(services["grafana"]!.ports).toEqual(["127.0.0.1:3000:3000"]);
  });

  it.each(all)("gives least privilege and limits: %s", (name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      cap_add: [],
      privileged: false,
      security_opt: ["no-new-privileges:true"],
    });
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.restart).toBe(oneShot.includes(name) ? "no" : "unless-stopped");
    if (service.build === undefined) expect(service.image).toMatch(/:v?\d+(\.\d+)*(-\w+)?$/);
    // Every mount that is not a service's own data is read-only.
    const written = service.volumes.filter((each) => !each.endsWith(":ro")).map((each) => each.split(":")[0]);
    const own = name === "secrets" ? ["secrets-database", "secrets-workers", "secrets-grafana"] : [];
    expect(written.filter((each) => !own.includes(each!))).toEqual(
      { postgres: ["database"], prometheus: ["prometheus"], grafana: ["grafana"] }[name] ?? [],
    );
  });

  it("checks the health of every service that stays, and lets its tasks end before it is killed", () => {
    for (const [name, { healthcheck }] of longRunning) expect(healthcheck?.test?.[0], name).toBe("CMD");
    for (const { name, service, table } of configured) {
      const drain = service.environment["DRAIN_TIMEOUT"] ?? table["drainTimeout"]?.fallback ?? "0s";
      expect(millis(service.stop_grace_period!), name).toBeGreaterThan(millis(drain) + 5_000);
    }
  });

  it("starts managers after the migrations, and keeps workers away from the database", () => {
    for (const name of ["manager-1", "manager-2"])
      expect(services[name]!.depends_on["migrate"]?.condition).toBe("service_completed_successfully");
    expect(services["migrate"]!.depends_on["postgres"]?.condition).toBe("service_healthy");
    const near = all.filter(([, each]) => each.networks.includes("database")).map(([name]) => name);
    expect(near.sort()).toEqual(["manager-1", "manager-2", "migrate", "postgres", "scheduler"]);
    const readers = all.filter(([, each]) =>
      each.volumes.some((mount) => mount.startsWith("secrets-database")),
    );
    expect(readers.map(([name]) => name).sort()).toEqual([...near, "secrets"].sort());
  });

  it("contains no secret", () => {
    for (const [name, { environment }] of all)
      for (const [key, value] of Object.entries(environment))
        if (/TOKEN|PASSWORD|DATABASE_URL/.test(key))
          expect(value, `${name} ${key}`).toMatch(/^\/run\/indexer\//);
  });
});

describe("the Dockerfile", () => {
  const instructions = readDockerfile();
  const named = (name: string) => instructions.filter((each) => each.name === name);

  it("copies files that exist and that .dockerignore admits", () => {
    const admitted = readFileSync(join(repository, ".dockerignore"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    const sources = named("COPY")
      .filter(({ flags }) => flags.length === 0)
      .flatMap(({ args }) => args.slice(0, -1));
    for (const source of sources) expect(existsSync(join(repository, source)), source).toBe(true);
    expect([...new Set(sources)].sort()).toEqual(admitted.sort());
  });

  it("builds with the steps of package.json, on a tested version of Node.js", () => {
    const steps = named("RUN").map(({ args }) => args.join(" "));
    expect(steps[0]).toBe("npm ci");
    expect(steps[1]).toBe(`${packageSchema.scripts["setup"]} --build-only`);
    const [, major, minor] = /^node:(\d+)\.(\d+)\.\d+-\w+-slim$/.exec(named("FROM")[0]!.args[0]!)!;
    expect(major).toBe(process.versions.node.split(".")[0]);
    expect(packageSchema.engines.node).toBe(">=20.19");
    expect(Number(minor)).toBeGreaterThanOrEqual(19);
    const fromOtherStages = named("COPY").filter(({ flags }) => flags.length > 0);
    expect(fromOtherStages.map(({ flags, args }) => [...flags, ...args])).toEqual([
      ["--from=packages", "/app/node_modules", "./node_modules"],
      ["--from=build", "/app/dist", "./dist"],
    ]);
  });

  it("starts the program of package.json as a user without rights", () => {
    expect(named("ENTRYPOINT")[0]!.args).toEqual(["node", packageSchema.bin.indexer]);
    expect(named("USER").map(({ args }) => args[0])).toEqual(["node"]);
    expect(named("STOPSIGNAL")[0]!.args).toEqual(["SIGTERM"]);
    expect(imageEnvironment()).toMatchObject({ NODE_ENV: "production", DATA_FOLDER: "/data" });
    const check = named("HEALTHCHECK")[0]!.args.join(" ").replace(/^CMD /, "");
    expect(["CMD", ...(JSON.parse(check) as string[])]).toEqual(services["manager-1"]!.healthcheck?.test);
    const created = named("RUN").at(-1)!.args;
    for (const [name, service] of ours)
      for (const { source, target } of mountsOf(service).filter(({ isVolume }) => isVolume))
        expect(created, `${name}: ${source}`).toContain(target);
  });

  it("migrates with the Prisma CLI of the packages", () => {
    const { entrypoint, command } = services["migrate"]!;
    const cli = createRequire(import.meta.url).resolve("prisma/build/index.js");
    expect(entrypoint).toEqual(["node", cli.slice(repository.length + 1)]);
    expect(["prisma", ...(command ?? [])].join(" ")).toBe(packageSchema.scripts["db:deploy"]);
    expect(statSync(join(repository, "prisma/migrations")).isDirectory()).toBe(true);
  });
});
