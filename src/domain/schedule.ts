// Repeated work: schedules, their slots and results. Pure values and rules; imports only domain; never does I/O.
import type { ChainRef } from "./chain.js";
import type { Height, HeightRange } from "./height.js";

/** LASTDATA follows the head of a chain; SYNCRANGE stores a fixed range, then completes. */
export type ScheduleKind = "LASTDATA" | "SYNCRANGE";

/** What a user defines. */
export interface ScheduleDefinition {
  /** The name that the user chose; unique. */
  readonly taskId: string;
  readonly chain: ChainRef;
  readonly kind: ScheduleKind;
  /** Milliseconds between two slots; at least `minIntervalMs`. */
  readonly intervalMs: number;
  readonly enabled: boolean;
  /** The range of a SYNCRANGE schedule. */
  readonly heights?: HeightRange;
}

/** A schedule with its state. Times are milliseconds since 1970. */
export interface Schedule extends ScheduleDefinition {
  /** A decimal number, unique in the database. */
  readonly id: string;
  /** The last claimed slot; absent before the first. */
  readonly slot?: bigint;
  /** Slots that were claimed. */
  readonly fired: bigint;
  /** Slots that passed without a claim; they are not run later. */
  readonly missed: bigint;
  readonly createdAt: number;
  readonly last?: ScheduleResult;
  /** When the last step succeeded. */
  readonly lastSuccess?: number;
  /** When a SYNCRANGE schedule had stored its whole range. It does not fire again. */
  readonly completedAt?: number;
  /** The database's time when this state was read. Compare the other times with it, not with the clock of this machine. */
  readonly asOf: number;
}

/** What a step of a schedule reached. */
export type ScheduleOutcome = Omit<ScheduleResult, "time" | "retryCount">;

/** The last result of a schedule. */
export interface ScheduleResult {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly height?: Height;
  readonly hash?: string;
  /** Failures since the last success. */
  readonly retryCount: number;
  readonly error?: string;
}

/** The right to run one slot of a schedule. */
export interface ScheduleLease {
  readonly schedule: Schedule;
  readonly slot: bigint;
  /** The number of this claim. The store rejects results of an earlier claim. */
  readonly token: bigint;
  /** Milliseconds from the claim to the end of the slot, by the database's clock. */
  readonly remainingMs: number;
}

/** The shortest interval, in milliseconds. */
export const minIntervalMs = 1_000;

/** Returns the slot of a moment: slots are counted from 1970. Both arguments are milliseconds. */
export function slotAt(now: number, intervalMs: number): bigint {
  return BigInt(Math.floor(now / intervalMs));
}

/** Returns when a slot begins, in milliseconds since 1970. */
export function slotStart(slot: bigint, intervalMs: number): number {
  return Number(slot) * intervalMs;
}

/** Returns when the next slot begins, in milliseconds since 1970; undefined for a schedule that does not fire. */
export function nextSlotStart({
  enabled,
  completedAt,
  slot,
  intervalMs,
  asOf,
}: Schedule): number | undefined {
  if (!enabled || completedAt !== undefined) return undefined;
  return slot === undefined || slotAt(asOf, intervalMs) > slot ? asOf : slotStart(slot + 1n, intervalMs);
}
