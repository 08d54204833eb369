// Schedules in memory, with the checks of the real use cases.
import { createScheduleManagement } from "../client/schedules.js";
import type { Client } from "../client/port.js";
import type { Schedule } from "../domain/schedule.js";
import { genesis } from "./canned-data.js";

const genesisMs = Number(genesis / 1_000_000n);

/** Creates the use cases over schedules in memory; `called` records each call. */
export function cannedSchedules(
  called: (name: string, ...args: readonly unknown[]) => void,
): Pick<Client, "saveSchedule" | "removeSchedule" | "schedule" | "schedules"> {
  const stored = new Map<string, Schedule>();
  return createScheduleManagement({
    saveSchedule: async (definition) => {
      called("saveSchedule", definition);
      const known = [...stored.values()].find(({ taskId }) => taskId === definition.taskId);
      const id = known?.id ?? String(stored.size + 1);
      const schedule: Schedule = {
        ...definition,
        id,
        fired: 2n,
        missed: 0n,
        createdAt: genesisMs,
        asOf: genesisMs + 1_000,
        slot: BigInt(Math.floor((genesisMs + 1_000) / definition.intervalMs)),
        last: { time: genesisMs, height: 7, hash: "hash-7", retryCount: 1, error: "No node." },
      };
      stored.set(id, schedule);
      return schedule;
    },
    removeSchedule: async (id) => {
      called("removeSchedule", id);
      return stored.delete(id);
    },
    schedule: async (id) => stored.get(id) ?? null,
    schedules: async () => {
      called("schedules");
      return [...stored.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
    },
  });
}
