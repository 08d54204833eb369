// Runs as rows: their selection, their mapping to the domain, and the rule that ends a run.
// Imports only domain and its neighbours in the store.
import type { ChainRef } from "../domain/chain.js";
import { totalHeights } from "../domain/height.js";
import type { Run, RunMode, RunStatus } from "../domain/run.js";
import { readMultirange } from "./multirange.js";
import type { SqlTransaction } from "./sql.js";

/** One run with the progress of its chunks. Times are milliseconds since 1970. */
export interface RunRow {
  readonly id: bigint;
  readonly chain_id: number;
  readonly from_height: bigint;
  readonly to_height: bigint;
  readonly mode: RunMode;
  readonly status: RunStatus;
  readonly total: bigint;
  readonly transactions: bigint;
  readonly done: string;
  readonly running: string;
  readonly created_ms: bigint;
  readonly started_ms: bigint | null;
  readonly finished_ms: bigint | null;
  readonly running_ms: bigint | null;
}

const millis = (expression: string): string => `(extract(epoch from ${expression}) * 1000)::int8`;

/** Selects runs `r` with the progress of their chunks; a condition on `r` may follow. */
export const selectRuns = `
  select r.id, r.chain_id, r.from_height, r.to_height, r.mode, r.status, r.total,
    (r.done + c.done)::text as done, c.running::text as running, (r.transactions + c.transactions)::int8 as transactions,
    ${millis("r.created_at")} as created_ms, ${millis("r.started_at")} as started_ms,
    ${millis("r.finished_at")} as finished_ms,
    ${millis("coalesce(r.finished_at, clock_timestamp()) - r.started_at")} as running_ms
  from run r cross join lateral (
    select coalesce(sum(k.transactions), 0) as transactions,
      coalesce((select range_agg(d) from run_chunk x, unnest(x.done) d where x.run_id = r.id), '{}') as done,
      coalesce((select range_agg(h) from run_chunk x, unnest(x.heights - x.done) h
                where x.run_id = r.id and x.state = 'RUNNING' and x.lease_until > clock_timestamp()), '{}') as running
    from run_chunk k where k.run_id = r.id) c`;

/** Maps a row to a run. */
export function runOfRow(row: RunRow, chain: ChainRef): Run {
  const done = readMultirange(row.done);
  const blocksDone = totalHeights(done);
  const seconds = Number(row.running_ms ?? 0n) / 1_000;
  return {
    id: row.id.toString(),
    chain,
    heights: { from: Number(row.from_height), to: Number(row.to_height) },
    mode: row.mode,
    status: row.status,
    createdAt: Number(row.created_ms),
    ...(row.started_ms !== null && { startedAt: Number(row.started_ms) }),
    ...(row.finished_ms !== null && { finishedAt: Number(row.finished_ms) }),
    progress: {
      blocksDone,
      blocksTotal: Number(row.total),
      transactionsDone: row.transactions,
      blocksPerSecond: seconds > 0 ? blocksDone / seconds : 0,
      done,
      running: readMultirange(row.running),
    },
  };
}

/** Locks a run's row: the ends of its chunks are recorded one after the other. */
export async function lockRun(sql: SqlTransaction, id: string | bigint): Promise<void> {
  await sql.query({ text: "select id from run where id = $1::int8 for update", values: [id] });
}

/** Ends a locked run that has nothing left to cut, to run or to retry: FAILED if a chunk failed. */
export async function endRunIfComplete(sql: SqlTransaction, id: string | bigint): Promise<void> {
  await sql.query({
    text: `update run r set finished_at = clock_timestamp(), started_at = coalesce(started_at, clock_timestamp()),
             status = case when exists (select 1 from run_chunk k where k.run_id = r.id) then 'FAILED' else 'SUCCEEDED' end
           where r.id = $1::int8 and r.status in ('QUEUED', 'RUNNING') and isempty(r.uncut)
             and not exists (select 1 from run_chunk k where k.run_id = r.id and k.state <> 'FAILED')`,
    values: [id],
  });
}
