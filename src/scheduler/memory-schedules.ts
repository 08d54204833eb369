// Schedules in memory, for a scheduler without a database. One row for each schedule, whatever the number of slots.
// Imports domain, lib and the port of the store.
// Never shares slots with another process: two schedulers without a database run everything twice.
import {
  slotAt,
  slotStart,
  type Schedule,
  type ScheduleDefinition,
  type ScheduleLease,
  type ScheduleOutcome,
} from "../domain/schedule.js";
import type { Clock } from "../lib/clock.js";
import type { ScheduleStore } from "../store/schedule-port.js";

/** The part of the store's contract that slots need. */
export type SlotStore = Pick<ScheduleStore, "schedules" | "claimSlots" | "renewSlot" | "endSlot">;

const clockToleranceMs = 60_000;

interface MemoryRow {
  schedule: Schedule;
  /** The claim of the slot in progress. */
  token: bigint | undefined;
  /** No claim before this time, in milliseconds of the monotonic clock. */
  heldUntil: number;
}

/** Creates the schedules. */
export function createMemorySchedules(definitions: readonly ScheduleDefinition[], clock: Clock): SlotStore {
  let tokens = 0n;
  const createdAt = clock.now();
  const rows: MemoryRow[] = definitions.map((definition, at) => ({
    schedule: { ...definition, id: String(at + 1), fired: 0n, missed: 0n, createdAt, asOf: createdAt },
    token: undefined,
    heldUntil: -Infinity,
  }));
  const ownerOf = ({ schedule, token }: ScheduleLease): MemoryRow | undefined =>
    rows.find((row) => row.schedule.id === schedule.id && row.token === token);
  const store = (row: MemoryRow, { height, hash, error }: ScheduleOutcome): void => {
    const time = clock.now();
    const { last } = row.schedule;
    row.schedule = {
      ...row.schedule,
      ...(error === undefined && { lastSuccess: time }),
      last: {
        time,
        ...reachedOf(height === undefined ? last : { height, ...(hash !== undefined && { hash }) }),
        retryCount: error === undefined ? 0 : (last?.retryCount ?? 0) + 1,
        ...(error !== undefined && { error }),
      },
    };
  };

  return {
    schedules: async () => rows.map(({ schedule }) => ({ ...schedule, asOf: clock.now() })),
    claimSlots: async () => {
      const now = clock.now();
      const active = rows.filter(({ schedule }) => schedule.enabled && schedule.completedAt === undefined);
      const due = active.filter(
        ({ schedule, token, heldUntil }) =>
          token === undefined && heldUntil <= clock.monotonic() && isDue(schedule, now),
      );
      const leases = due.map((row): ScheduleLease => {
        const { schedule } = row;
        const slot = slotAt(now, schedule.intervalMs);
        const passed = slot - (schedule.slot ?? slot) - 1n;
        const missed = schedule.missed + (passed > 0n ? passed : 0n);
        const token = (tokens += 1n);
        row.token = token;
        row.schedule = { ...schedule, slot, missed, fired: schedule.fired + 1n, asOf: now };
        const remainingMs = slotStart(slot + 1n, schedule.intervalMs) - now;
        return { schedule: row.schedule, slot, token, remainingMs };
      });
      const waits = active.map(({ schedule, heldUntil }) =>
        Math.max(
          slotStart((schedule.slot ?? 0n) + 1n, schedule.intervalMs) - now,
          heldUntil - clock.monotonic(),
        ),
      );
      return { leases, ...(waits.length > 0 && { nextInMs: Math.max(0, Math.min(...waits)) }) };
    },
    renewSlot: async (lease, outcome) => {
      const row = ownerOf(lease);
      if (row !== undefined && outcome !== undefined) store(row, outcome);
      return row !== undefined;
    },
    endSlot: async (lease, { outcome, completed = false, retryInMs = 0 } = {}) => {
      const row = ownerOf(lease);
      if (row === undefined) return false;
      if (outcome !== undefined) store(row, outcome);
      row.token = undefined;
      row.heldUntil = clock.monotonic() + retryInMs;
      if (completed) row.schedule = { ...row.schedule, completedAt: clock.now() };
      return true;
    },
  };
}

/** A claimed slot that begins more than a minute from now comes from a clock that was set back: it does not block. */
function isDue({ slot, intervalMs }: Schedule, now: number): boolean {
  return (
    slot === undefined ||
    slot < slotAt(now, intervalMs) ||
    slotStart(slot, intervalMs) > now + clockToleranceMs
  );
}

function reachedOf(
  reached: Pick<ScheduleOutcome, "height" | "hash"> | undefined,
): Pick<ScheduleOutcome, "height" | "hash"> {
  return {
    ...(reached?.height !== undefined && { height: reached.height }),
    ...(reached?.hash !== undefined && { hash: reached.hash }),
  };
}
