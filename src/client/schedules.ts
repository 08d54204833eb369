// Use cases: create, list and remove schedules.
import { IndexerError } from "../domain/errors.js";
import { isHeight } from "../domain/height.js";
import { minIntervalMs, type ScheduleDefinition } from "../domain/schedule.js";
import type { ScheduleStore } from "../store/schedule-port.js";
import type { Client } from "./port.js";

const maxIntervalMs = 365 * 86_400_000;
const maxNameLength = 256;

/** Creates the use cases. */
export function createScheduleManagement(
  store: Pick<ScheduleStore, "saveSchedule" | "removeSchedule" | "schedule" | "schedules">,
): Pick<Client, "saveSchedule" | "removeSchedule" | "schedule" | "schedules"> {
  return {
    async saveSchedule(definition) {
      validateSchedule(definition);
      return store.saveSchedule(definition);
    },
    async removeSchedule(id) {
      if (await store.removeSchedule(id)) return;
      throw new IndexerError("NOT_FOUND", `id: no schedule ${id}. List the schedules for their ids.`, {
        argument: "id",
      });
    },
    schedule: store.schedule,
    schedules: store.schedules,
  };
}

/** Throws BAD_USER_INPUT with the name of the argument and its allowed values. */
export function validateSchedule({ taskId, chain, kind, intervalMs, heights }: ScheduleDefinition): void {
  requireName("taskId", taskId);
  requireName("chain.network", chain.network);
  requireName("chain.chainId", chain.chainId);
  if (!Number.isInteger(intervalMs) || intervalMs < minIntervalMs || intervalMs > maxIntervalMs) {
    reject("interval", `${intervalMs} ms given, at least 1s and at most 365d allowed, such as 30s or 5m.`);
  }
  if (kind === "LASTDATA" && heights !== undefined) {
    reject("heights", "not allowed for LASTDATA, which follows the head. Use SYNCRANGE for a range.");
  }
  if (kind !== "SYNCRANGE") return;
  if (heights === undefined)
    return reject("heights", "required for SYNCRANGE: the range of heights to store.");
  const { from, to } = heights;
  if (!isHeight(from) || !isHeight(to) || from > to) {
    reject("heights", `from ${from} to ${to} given. Heights are whole numbers, and 'from' is at most 'to'.`);
  }
}

function requireName(argument: string, name: string): void {
  const { length } = name;
  if (length === 0 || length > maxNameLength || name.trim() === "") {
    reject(argument, `${length} characters given, 1 to ${maxNameLength} allowed, not only spaces.`);
  }
}

function reject(argument: string, reason: string): never {
  throw new IndexerError("BAD_USER_INPUT", `${argument}: ${reason}`, { argument });
}
