// Durable backfills: start, cancel, read and trim.
// Imports only domain and its neighbours in the store. Chunks are claimed and ended in run-chunks.ts.
import { IndexerError } from "../domain/errors.js";
import { liveStatuses, type Run, type RunFilter, type RunPosition } from "../domain/run.js";
import type { WorkFailure } from "../domain/work-failure.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import type { ChainIds } from "./chain-ids.js";
import { guarded } from "./failures.js";
import { writeMultirange } from "./multirange.js";
import { createParameters, type Parameters } from "./read-parameters.js";
import type { NewRun, RunStore } from "./run-port.js";
import { endRunIfComplete, lockRun, runOfRow, selectRuns, type RunRow } from "./run-rows.js";
import { selectPage, type Scan } from "./select-page.js";
import { arrayLiteral, type Database, type Sql, type SqlTransaction } from "./sql.js";

/** Dependencies of the runs. */
export interface RunDeps {
  readonly database: Database;
  readonly prisma: PrismaClient;
  readonly chainIds: ChainIds;
}

type Runs = Pick<
  RunStore,
  "startRun" | "cancelRun" | "run" | "runs" | "countRuns" | "runErrors" | "trimRuns"
>;

/** Creates the use of runs. */
export function createRuns({ database, prisma, chainIds }: RunDeps): Runs {
  const toRun = async (row: RunRow): Promise<Run> => runOfRow(row, await chainIds.refOf(row.chain_id));

  const readRun = async (sql: Sql, id: string): Promise<Run | null> => {
    if (!isRunId(id)) return null;
    const [row] = await sql.query<RunRow>({
      name: "run",
      text: `${selectRuns} where r.id = $1::int8`,
      values: [id],
    });
    return row === undefined ? null : toRun(row);
  };

  /** Returns null if no stored chain matches. */
  const conditions = async (
    parameters: Parameters,
    { chain, status }: RunFilter,
  ): Promise<string[] | null> => {
    const chainId = chain === undefined ? undefined : await chainIds.idOf(chain);
    if (chain !== undefined && chainId === undefined) return null;
    return [
      "true",
      ...(chainId === undefined ? [] : [`r.chain_id = ${parameters.int4(chainId)}`]),
      ...(status === undefined ? [] : [`r.status = any(${parameters.texts([...status])})`]),
    ];
  };

  const scanRuns = async (filter: RunFilter, scan: Scan<RunPosition>): Promise<readonly Run[]> => {
    const { ascending, from, until, limit } = scan;
    const parameters = createParameters();
    const where = await conditions(parameters, filter);
    if (where === null) return [];
    if (from !== undefined) where.push(`r.id ${ascending ? ">=" : "<="} ${parameters.int8(BigInt(from.id))}`);
    if (until !== undefined) where.push(`r.id ${ascending ? "<" : ">"} ${parameters.int8(BigInt(until.id))}`);
    const rows = await database.query<RunRow>({
      text: `${selectRuns} where ${where.join(" and ")}
             order by r.id ${ascending ? "asc" : "desc"} limit ${parameters.int4(limit)}`,
      values: parameters.values,
    });
    return Promise.all(rows.map(toRun));
  };

  return {
    async startRun(request) {
      const chainId = await chainIds.ensure(request.chain);
      const { id, existing } = await database.transaction((sql) => startRun(sql, chainId, request));
      const run = await readRun(database, id);
      if (run === null) throw new IndexerError("INTERNAL", `Run ${id} disappeared after its start.`);
      return { run, existing };
    },

    async cancelRun(id) {
      if (!isRunId(id)) return null;
      await database.transaction(async (sql) => {
        await lockRun(sql, id);
        // Without its row, a chunk's lease is lost: the next write of its manager is rejected.
        await sql.query({
          text: `with live as (select id from run where id = $1::int8 and status in ('QUEUED', 'RUNNING')),
                 gone as (delete from run_chunk k using live where k.run_id = live.id returning k.done, k.transactions)
                 update run r set status = 'CANCELLED', finished_at = clock_timestamp(), uncut = '{}',
                   done = r.done + coalesce((select range_agg(d) from gone, unnest(gone.done) d), '{}'),
                   transactions = r.transactions + coalesce((select sum(transactions) from gone), 0)::int8
                 from live where r.id = live.id`,
          values: [id],
        });
      });
      return readRun(database, id);
    },

    run: (id) => readRun(database, id),

    runs: (filter, request) =>
      selectPage(request, { scan: (scan) => scanRuns(filter, scan), isAt: (run, { id }) => run.id === id }),

    async countRuns(filter) {
      const parameters = createParameters();
      const where = await conditions(parameters, filter);
      if (where === null) return { value: 0n, exact: true };
      const [row] = await database.query<{ count: bigint }>({
        text: `select count(*) as count from run r where ${where.join(" and ")}`,
        values: parameters.values,
      });
      return { value: row?.count ?? 0n, exact: true };
    },

    async runErrors(id, limit) {
      if (!isRunId(id)) return [];
      const rows = await database.query<{ error: WorkFailure }>({
        text: `select error from run_chunk where run_id = $1::int8 and error is not null
               order by lower(heights), id limit $2::int4`,
        values: [id, limit],
      });
      return rows.map(({ error }) => error);
    },

    async trimRuns(olderThanSeconds) {
      const before = new Date(Date.now() - olderThanSeconds * 1_000);
      await guarded(() =>
        prisma.run.deleteMany({
          where: { status: { notIn: [...liveStatuses] }, finishedAt: { lt: before } },
        }),
      );
    },
  };
}

/** Serialised per chain by its row, so that two calls for one range create one run. */
async function startRun(
  sql: SqlTransaction,
  chainId: number,
  { heights: { from, to }, mode, window, force }: NewRun,
): Promise<{ readonly id: string; readonly existing: boolean }> {
  await sql.query({ text: "select id from chain where id = $1 for update", values: [chainId] });
  if (!force) {
    const [live] = await sql.query<{ id: bigint }>({
      text: `select id from run where chain_id = $1::int4 and status = any($2::text[]) and mode = $3::text
               and from_height <= $4::int8 and to_height >= $5::int8 order by id limit 1`,
      values: [chainId, arrayLiteral([...liveStatuses]), mode, from, to],
    });
    if (live !== undefined) return { id: live.id.toString(), existing: true };
  }
  const [row] = await sql.query<{ id: bigint }>({
    text: `with missing as (
             select $3::int8multirange - case when $4::text = 'OVERWRITE' then '{}'::int8multirange else
               coalesce((select heights from coverage where chain_id = $1::int4), '{}') end as heights)
           insert into run (chain_id, from_height, to_height, mode, status, window_size, uncut, done, total)
           select $1::int4, $2::int8, $6::int8, $4::text, 'QUEUED', $5::int4, heights, '{}',
             (select coalesce(sum(upper(h) - lower(h)), 0) from unnest(heights) h)
           from missing returning id`,
    values: [chainId, from, writeMultirange([{ from, to }]), mode, window, to],
  });
  if (row === undefined) throw new IndexerError("INTERNAL", "The run was not inserted.");
  await endRunIfComplete(sql, row.id);
  return { id: row.id.toString(), existing: false };
}

/** Whether a text is the id of a row: an int8 of 1 or more. */
function isRunId(id: string): boolean {
  return /^[1-9]\d{0,17}$/.test(id);
}
