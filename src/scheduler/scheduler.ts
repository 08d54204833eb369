// Wires a scheduler: schedules of the database or in memory, managers, and the status server.
// Imports every level below.
// Never reads a chain or answers queries.
import { randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { startSlotRunner, type ExecuteSlot } from "../client/slot-runner.js";
import { nextSlotStart, type Schedule } from "../domain/schedule.js";
import { startStatusServer, type StatusReport } from "../http/status-server.js";
import { systemClock } from "../lib/clock.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";
import { Counter, createMetrics, Gauge } from "../lib/metrics.js";
import { addressText, durationText } from "../lib/setting-types.js";
import { version } from "../lib/version.js";
import { createStore } from "../store/create-store.js";
import type { SchedulerConfig } from "./config.js";
import { readDestinations, readManagers } from "./destinations.js";
import { probeManager } from "./manager-requests.js";
import { createMemorySchedules, type SlotStore } from "./memory-schedules.js";
import { createRemoteSlot } from "./remote-slot.js";
import { readSchedules, type FileSchedule } from "./schedules-file.js";
import { createTargets, type Targets } from "./targets.js";

/** A started scheduler. */
export interface RunningScheduler {
  /** The URL of /health and /metrics, without a path. */
  readonly url: string;
}

/** The version that existing managers expect for schedules that do not come from a file. */
const defaultVersion = "0.0.1";

/** Starts a scheduler. The lifecycle stops its parts in reverse order. */
export async function startScheduler(
  config: SchedulerConfig,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<RunningScheduler> {
  const clock = systemClock;
  const owner = `scheduler-${randomUUID()}`;
  const metrics = createMetrics({ processMetrics: true });
  const { destinationsPath, initialConfigPath } = config;
  const destinations =
    destinationsPath === undefined ? readManagers(config.managers) : readDestinations(destinationsPath);
  const files = initialConfigPath === undefined ? [] : readSchedules(initialConfigPath);
  const store = await openSchedules(config, files, lifecycle, logger);

  const targets = createTargets({
    destinations,
    resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
    probe: probeManager,
    clock,
    logger,
    intervalMs: config.managerInterval,
  });
  lifecycle.onStop("the checks of managers", targets.stop);
  new Gauge({
    name: "indexer_scheduler_managers",
    help: "Managers by state.",
    labelNames: ["state"],
    registers: [metrics],
    collect() {
      const living = targets.list().filter(({ alive }) => alive).length;
      this.set({ state: "alive" }, living);
      this.set({ state: "dead" }, targets.list().length - living);
    },
  });
  const slots = new Counter({
    name: "indexer_scheduler_slots_total",
    help: "Attempts to run a slot, by kind and outcome.",
    labelNames: ["kind", "outcome"],
    registers: [metrics],
  });

  const status = (): Promise<StatusReport> => statusOf(store, targets);
  const server = await startStatusServer({ address: addressText(config.address), status, metrics, logger });
  lifecycle.onStop("the status server", server.close);
  // The first slots need to know which managers are alive.
  await targets.refresh();

  const versions = new Map(files.map((each) => [each.taskId, each.version]));
  const execute = createRemoteSlot({
    targets,
    clock,
    requestTimeoutMs: config.requestTimeout,
    versionOf: (taskId) => versions.get(taskId) ?? defaultVersion,
  });
  const counted: ExecuteSlot = async (work) => {
    const { kind, taskId } = work.schedule;
    try {
      const end = await execute(work);
      slots.inc({ kind, outcome: "success" });
      logger.debug({ taskId, ...end.outcome }, "A slot ended.");
      return end;
    } catch (error) {
      if (!work.signal.aborted) slots.inc({ kind, outcome: "failure" });
      throw error;
    }
  };
  const runner = startSlotRunner({ store, clock, logger, owner, execute: counted });
  lifecycle.onStop("schedules", runner.stop);
  const { url } = server;
  const inMemory = config.databaseUrl === undefined;
  logger.info(
    { url, schedules: (await store.schedules()).length, inMemory, version },
    "The scheduler is ready.",
  );
  return { url };
}

async function openSchedules(
  { databaseUrl }: SchedulerConfig,
  files: readonly FileSchedule[],
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<SlotStore> {
  if (databaseUrl === undefined) return createMemorySchedules(files, systemClock);
  const store = await createStore({ databaseUrl, logger, poolSize: 2 });
  lifecycle.onStop("the store", store.close);
  for (const { version: _, ...definition } of files) await store.ensureSchedule(definition);
  return store;
}

async function statusOf(store: SlotStore, targets: Targets): Promise<StatusReport> {
  const managers = targets.list();
  const schedules = await store.schedules();
  const reasons = [
    ...(managers.some(({ alive }) => alive) ? [] : ["No manager responds."]),
    ...schedules.flatMap(({ taskId, last }) =>
      last?.error === undefined ? [] : [`Schedule ${taskId} failed ${last.retryCount} times: ${last.error}`],
    ),
  ];
  return { ready: reasons.length === 0, reasons, managers, schedules: schedules.map(scheduleFacts) };
}

function scheduleFacts(schedule: Schedule): Readonly<Record<string, unknown>> {
  const { taskId, chain, kind, intervalMs, enabled, heights, fired, missed, last, completedAt } = schedule;
  const next = nextSlotStart(schedule);
  return {
    taskId,
    ...chain,
    kind,
    interval: durationText(intervalMs),
    enabled,
    heights,
    fired: Number(fired),
    missed: Number(missed),
    last: last === undefined ? undefined : { ...last, time: isoTime(last.time) },
    nextAt: next === undefined ? undefined : isoTime(next),
    completedAt: completedAt === undefined ? undefined : isoTime(completedAt),
  };
}

function isoTime(millis: number): string {
  return new Date(millis).toISOString();
}
