// The schedules of SCHEDULER_INITIAL_CONFIG_PATH, in the form of existing schedulers.
// Imports domain, lib, the client's checks and this folder.
// Never accepts a schedule that saveSchedule would refuse.
import { z } from "zod";
import { validateSchedule } from "../client/schedules.js";
import type { ScheduleDefinition } from "../domain/schedule.js";
import { ConfigError } from "../lib/config.js";
import { errorMessage } from "../lib/error-message.js";
import { duration } from "../lib/setting-types.js";
import { readEntries } from "./json-files.js";

/** A schedule of a file, with the version of the chain's workers that managers of existing systems need. */
export interface FileSchedule extends ScheduleDefinition {
  readonly version: string;
}

const height = z.union([z.number().int().nonnegative(), z.string().regex(/^\d+$/).transform(Number)]);
const entry = z
  .object({
    task_id: z.string(),
    network: z.string(),
    chain_id: z.string().optional(),
    chainID: z.string().optional(),
    version: z.string().default("0.0.1"),
    interval: z.string().optional(),
    duration: z.string().optional(),
    kind: z.enum(["lastdata", "syncrange"], "must be lastdata or syncrange"),
    enabled: z.boolean().default(true),
    config: z.object({ height_from: height.optional(), height_to: height.optional() }).nullish(),
  })
  .transform((given, context): FileSchedule => {
    const interval = duration().safeParse(given.interval ?? given.duration ?? "");
    if (!interval.success) {
      const path = [given.interval === undefined && given.duration !== undefined ? "duration" : "interval"];
      context.addIssue({ code: "custom", path, message: "must be a duration of at least 1s, such as 30s" });
      return z.NEVER;
    }
    const { height_from: from, height_to: to } = given.config ?? {};
    const schedule: FileSchedule = {
      taskId: given.task_id,
      chain: { network: given.network, chainId: given.chain_id ?? given.chainID ?? "" },
      version: given.version,
      kind: given.kind === "lastdata" ? "LASTDATA" : "SYNCRANGE",
      intervalMs: interval.data,
      enabled: given.enabled,
      ...(given.kind === "syncrange" && from !== undefined && to !== undefined && { heights: { from, to } }),
    };
    try {
      validateSchedule(schedule);
      return schedule;
    } catch (error) {
      context.addIssue({ code: "custom", message: errorMessage(error) });
      return z.NEVER;
    }
  });

/** Reads the schedules of a file or folder. Throws a ConfigError that names the file, the entry and the key. */
export function readSchedules(path: string): readonly FileSchedule[] {
  const schedules = readEntries(path, entry);
  const twice = schedules.find(
    ({ taskId }, at) => schedules.findIndex((each) => each.taskId === taskId) < at,
  );
  if (twice !== undefined) {
    throw new ConfigError(`${path}: task_id ${twice.taskId} is given twice. Each schedule needs its own.`);
  }
  return schedules;
}
