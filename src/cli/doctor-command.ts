// `indexer doctor`: what is wrong with this machine, its database, manager, workers and nodes, and what to do about it.
// Imports every level below.
// Never changes anything, and never creates a database.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { z } from "zod";
import type { ChainAdapter } from "../chains/adapter.js";
import { chainAdapters } from "../chains/registry.js";
import { chainName } from "../domain/chain.js";
import { ConfigError, type Settings } from "../lib/config.js";
import { errorMessage } from "../lib/error-message.js";
import { maskUrl, silentLogger } from "../lib/logger.js";
import { managerSettings } from "../manager/config.js";
import { statusOfDatabase } from "../store/administer.js";
import { configure, reportConfiguration } from "./config.js";
import { diagnoseAddress, diagnoseFolder, diagnoseMachine, type Diagnosis } from "./diagnosis.js";
import {
  connectionSettings,
  connectManager,
  ManagerError,
  type ManagerConnection,
} from "./manager-connection.js";
import { nodeHint } from "./node-hints.js";
import { addSettings, givenFlags, optionKey, type GivenOptions } from "./options.js";
import { addJsonOption, printJson, printLine, styled, type TextStyle } from "./output.js";
import { workersOperation } from "./workers-command.js";

const doctorSettings = {
  address: managerSettings.address,
  databaseUrl: managerSettings.databaseUrl,
  dataFolder: managerSettings.dataFolder,
  ...connectionSettings,
  managerTimeout: { ...connectionSettings.managerTimeout, fallback: "5s" },
} as const satisfies Settings;

/** Milliseconds that a node has to respond. */
const nodeTimeoutMs = 3_000;

/** Adds `doctor` with a repeatable flag for a node of each network. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command("doctor")
    .description(
      "Report what is wrong with this machine, the database, the manager, its workers and their nodes, and what to do about it; exit code 1 if something failed.",
    );
  for (const { network, dev } of chainAdapters) {
    if (dev === undefined) continue;
    const append = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
    const option = new Option(
      `--${network} <${dev.placeholder}>`,
      `also check a ${network} node (repeatable)`,
    );
    command.addOption(option.argParser(append));
  }
  addJsonOption(addSettings(command, doctorSettings)).action(async (options: GivenOptions) => {
    const config = configure(doctorSettings, givenFlags(doctorSettings, options), options.config);
    const manager = connectManager(config);
    const managed = await diagnoseManager(manager);
    const found: Diagnosis[] = [
      ...diagnoseMachine(),
      ...(await diagnoseDatabase(config, managed.responds)),
      await diagnoseAddress(config.address, managed.responds),
      ...managed.diagnoses,
      ...(await diagnoseNodes(options)),
    ];
    if (options["json"] === true) printJson(found);
    else for (const diagnosis of found) printDiagnosis(diagnosis);
    if (found.some(({ state }) => state === "failed")) process.exitCode = 1;
  });
}

const marks: Readonly<Record<Diagnosis["state"], readonly [mark: string, style: TextStyle]>> = {
  ok: ["[ok]", "good"],
  warning: ["[warning]", "warning"],
  failed: ["[failed]", "bad"],
};

function printDiagnosis({ subject, state, message, nextStep }: Diagnosis): void {
  const [mark, style] = marks[state];
  printLine(
    `${styled(style, mark)} ${subject}: ${message}${nextStep === undefined ? "" : `\n    ${nextStep}`}`,
  );
}

async function diagnoseDatabase(
  { databaseUrl, dataFolder }: { readonly databaseUrl: string | undefined; readonly dataFolder: string },
  managerResponds: boolean,
): Promise<Diagnosis[]> {
  const subject = "database";
  const embedded = databaseUrl === undefined;
  const folder = embedded ? [diagnoseFolder(dataFolder)] : [];
  if (embedded && !existsSync(join(dataFolder, "pgdata"))) {
    const message = `no embedded database in ${dataFolder} yet; the first start creates it`;
    return [...folder, { subject, state: "ok", message }];
  }
  const name = embedded ? `embedded in ${dataFolder}` : maskUrl(databaseUrl);
  try {
    const { applied, pending, failed, unknown } = await statusOfDatabase({
      folder: dataFolder,
      logger: silentLogger(),
      ...(databaseUrl !== undefined && { databaseUrl }),
    });
    return [...folder, migrationDiagnosis(name, { applied, pending, failed, unknown, embedded })];
  } catch (error) {
    const message = `${name}: ${errorMessage(error)}`;
    if (embedded && managerResponds && /in use by process/.test(message)) {
      return [...folder, { subject, state: "ok", message: `${name}, in use by the running manager` }];
    }
    const nextStep = embedded
      ? "Stop that process, or run 'indexer db rebuild' if the database is damaged."
      : "Start PostgreSQL, or correct DATABASE_URL.";
    return [...folder, { subject, state: "failed", message, nextStep }];
  }
}

interface Migrations {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  readonly unknown: readonly string[];
  readonly embedded: boolean;
}

function migrationDiagnosis(
  name: string,
  { applied, pending, failed, unknown, embedded }: Migrations,
): Diagnosis {
  const subject = "database";
  if (failed.length > 0) {
    const message = `${name}: the migration ${failed.join(", ")} did not finish`;
    return {
      subject,
      state: "failed",
      message,
      nextStep: "Repair the database, then run 'prisma migrate resolve'.",
    };
  }
  if (pending.length > 0) {
    const message = `${name}: ${pending.length} pending migration(s)`;
    // The embedded database is migrated at each start.
    return embedded
      ? { subject, state: "ok", message: `${message}, applied at the next start` }
      : { subject, state: "failed", message, nextStep: "Run 'indexer db migrate'." };
  }
  if (unknown.length > 0) {
    const message = `${name}: migrated by a newer version`;
    return { subject, state: "warning", message, nextStep: "Update this version of the indexer." };
  }
  return { subject, state: "ok", message: `${name}: ${applied.length} migrations applied` };
}

const healthShape = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  chains: z
    .array(z.object({ network: z.string(), chainId: z.string(), reasons: z.array(z.string()) }))
    .default([]),
});

async function diagnoseManager(
  manager: ManagerConnection,
): Promise<{ readonly responds: boolean; readonly diagnoses: readonly Diagnosis[] }> {
  try {
    const { workers } = await manager.request(workersOperation);
    const health = healthShape.safeParse((await manager.get("/health/ready")).body);
    const reasons = health.success ? health.data.reasons : ["its health report is not readable"];
    const stalled = health.success ? health.data.chains.filter(({ reasons: why }) => why.length > 0) : [];
    return {
      responds: true,
      diagnoses: [
        reasons.length === 0
          ? { subject: "manager", state: "ok", message: `${manager.url} is ready` }
          : {
              subject: "manager",
              state: "failed",
              message: `${manager.url} is not ready: ${reasons.join(" ")}`,
              nextStep: "Read the manager's log.",
            },
        ...stalled.map((chain): Diagnosis => ({
          subject: `chain ${chainName(chain)}`,
          state: "warning",
          message: chain.reasons.join(" "),
          nextStep: nodeHint(chain.reasons.join(" ")),
        })),
        diagnoseWorkers(workers),
      ],
    };
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    const responds = error.code !== undefined;
    const message = error.message;
    return {
      responds,
      diagnoses: [
        responds
          ? { subject: "manager", state: "failed", message, nextStep: "Correct the connection's settings." }
          : { subject: "manager", state: "warning", message, nextStep: "Start it if it should run." },
      ],
    };
  }
}

function diagnoseWorkers(
  workers: readonly { readonly state: string; readonly network: string; readonly chainId: string }[],
): Diagnosis {
  const subject = "workers";
  const online = workers.filter(({ state }) => state === "ONLINE");
  const chains = [...new Set(online.map(chainName))].join(", ");
  if (workers.length === 0) {
    const nextStep = "Start one with 'indexer worker <network>' and this manager in MANAGERS.";
    return { subject, state: "warning", message: "none is registered", nextStep };
  }
  const message = `${online.length} of ${workers.length} online${chains === "" ? "" : ` (${chains})`}`;
  if (online.length === workers.length) return { subject, state: "ok", message };
  return {
    subject,
    state: online.length === 0 ? "failed" : "warning",
    message,
    nextStep: "See which with 'indexer workers'; check that the manager can reach their addresses.",
  };
}

/** Checks the nodes of the flags, and those that the environment or the configuration file names. */
async function diagnoseNodes(options: GivenOptions): Promise<Diagnosis[]> {
  const checks = chainAdapters.flatMap((adapter) => {
    const addresses = options[optionKey(`--${adapter.network}`)];
    const flagged = Array.isArray(addresses) ? addresses.map(String) : [];
    return [
      ...flagged.map((address) => diagnoseNode(adapter, address)),
      ...(isConfigured(adapter) ? [diagnoseNode(adapter, undefined)] : []),
    ];
  });
  return Promise.all(checks);
}

/** Whether the environment names a node of the network. */
function isConfigured({ settings, dev }: ChainAdapter): boolean {
  if (dev === undefined) return false;
  const own = Object.fromEntries(
    Object.entries(settings).filter(([, { name }]) => /_(URL|ADDR)$/.test(name)),
  );
  try {
    return reportConfiguration(own, {}, undefined).some(({ origin }) => origin !== "default");
  } catch (error) {
    if (error instanceof ConfigError) return true;
    throw error;
  }
}

async function diagnoseNode(adapter: ChainAdapter, address: string | undefined): Promise<Diagnosis> {
  const subject = `${adapter.network} node${address === undefined ? "" : ` ${maskUrl(address)}`}`;
  const signal = AbortSignal.timeout(nodeTimeoutMs);
  let waitingFor: string | undefined;
  const deps = {
    logger: silentLogger(),
    signal,
    onWaiting: (reason: string): void => void (waitingFor = reason),
  };
  try {
    const given = address === undefined ? {} : ((await adapter.dev?.settingsOf(address, deps)) ?? {});
    const reader = await adapter.open(configure(adapter.settings, given, undefined), deps);
    try {
      const { height } = await reader.head(signal);
      const message = `${chainName(reader.chain)} · head ${height.toLocaleString("en-US")}`;
      return { subject, state: "ok", message };
    } finally {
      await reader.close();
    }
  } catch (error) {
    const silent = `No response within ${nodeTimeoutMs / 1_000} s.`;
    const message = waitingFor ?? (signal.aborted ? silent : errorMessage(error));
    const nextStep = nodeHint(message).replace("; it is retried", "");
    return { subject, state: "failed", message, nextStep };
  }
}
