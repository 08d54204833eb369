// Rows of schedules: their columns and their mapping to the domain.
// Imports only domain.
import type { ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { Schedule, ScheduleKind } from "../domain/schedule.js";

/** A row of `rowColumns`; moments are milliseconds since 1970. */
export interface ScheduleRow {
  readonly id: bigint;
  readonly task_id: string;
  readonly chain_id: number;
  readonly kind: string;
  readonly interval_ms: bigint;
  readonly enabled: boolean;
  readonly from_height: bigint | null;
  readonly to_height: bigint | null;
  readonly created_at: bigint;
  readonly slot: bigint | null;
  readonly fired: bigint;
  readonly missed: bigint;
  readonly last_time: bigint | null;
  readonly last_height: bigint | null;
  readonly last_hash: string | null;
  readonly last_success: bigint | null;
  readonly retry_count: number;
  readonly error: string | null;
  readonly completed_at: bigint | null;
  readonly as_of: bigint;
}

/** The SQL text of a moment in milliseconds since 1970. */
export const millis = (moment: string): string => `floor(extract(epoch from ${moment}) * 1000)::int8`;

/** The columns of a row, of the table with the alias s. */
export const rowColumns = `s.id, s.task_id, s.chain_id, s.kind, s.interval_ms, s.enabled, s.from_height, s.to_height, s.slot, s.fired,
  s.missed, s.last_height, s.last_hash, s.retry_count, s.error, ${millis("s.created_at")} as created_at,
  ${millis("s.last_time")} as last_time, ${millis("s.last_success")} as last_success,
  ${millis("s.completed_at")} as completed_at, ${millis("clock_timestamp()")} as as_of`;

/** Maps a row to its schedule. */
export function readScheduleRow(row: ScheduleRow, chain: ChainRef): Schedule {
  return {
    id: row.id.toString(),
    taskId: row.task_id,
    chain,
    kind: readKind(row.kind),
    intervalMs: Number(row.interval_ms),
    enabled: row.enabled,
    fired: row.fired,
    missed: row.missed,
    createdAt: Number(row.created_at),
    asOf: Number(row.as_of),
    ...(row.from_height !== null &&
      row.to_height !== null && { heights: { from: Number(row.from_height), to: Number(row.to_height) } }),
    ...(row.slot !== null && { slot: row.slot }),
    ...(row.last_success !== null && { lastSuccess: Number(row.last_success) }),
    ...(row.completed_at !== null && { completedAt: Number(row.completed_at) }),
    ...(row.last_time !== null && {
      last: {
        time: Number(row.last_time),
        retryCount: row.retry_count,
        ...(row.last_height !== null && { height: Number(row.last_height) }),
        ...(row.last_hash !== null && { hash: row.last_hash }),
        ...(row.error !== null && { error: row.error }),
      },
    }),
  };
}

function readKind(text: string): ScheduleKind {
  if (text === "LASTDATA" || text === "SYNCRANGE") return text;
  throw new IndexerError("INTERNAL", `The database has a schedule of the unknown kind ${text}.`);
}
