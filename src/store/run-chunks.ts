// Chunks of runs: claim, renew and end. Each statement checks the token, so a manager that lost its lease changes nothing.
// Imports only domain and its neighbours in the store.
import { firstHeights, subtractRanges, totalHeights, type HeightRange } from "../domain/height.js";
import type { Chunk, RunMode } from "../domain/run.js";
import type { ChainRef } from "../domain/chain.js";
import type { ChainIds } from "./chain-ids.js";
import { readMultirange, writeMultirange } from "./multirange.js";
import type { RunStore } from "./run-port.js";
import { endRunIfComplete, lockRun } from "./run-rows.js";
import { arrayLiteral, type Database, type SqlTransaction } from "./sql.js";

/** Dependencies of the chunks. */
export interface RunChunkDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
}

/** A lease in SQL: the moment until which it lasts, by the database's clock. */
const leaseEnd = "clock_timestamp() + interval '15 s'";
/** The smallest chunk that is cut to spread the end of a run over more workers. */
const smallestShare = 10;

interface ChunkRow {
  readonly id: bigint;
  readonly run_id: bigint;
  readonly mode: RunMode;
  readonly token: bigint;
  readonly attempts: number;
  readonly heights: string;
}

/** Creates the use of chunks. */
export function createRunChunks({
  database,
  chainIds,
}: RunChunkDeps): Pick<RunStore, "claimChunks" | "renewChunks" | "endChunk"> {
  return {
    async claimChunks(owner, { chain, limit }) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined || limit <= 0) return [];
      const claim = { chainId, owner, limit };
      const waiting = await claimWaiting(database, claim);
      const missing = limit - waiting.length;
      const cut =
        missing === 0
          ? []
          : await database.transaction((sql) => cutChunks(sql, { ...claim, limit: missing }));
      return [...waiting, ...cut].map((row) => chunkOfRow(row, chain));
    },

    async renewChunks(leases) {
      if (leases.length === 0) return new Set();
      const rows = await database.query<{ id: bigint }>({
        text: `update run_chunk k set lease_until = ${leaseEnd}
               from unnest($1::int8[], $2::int8[]) as lease (id, token)
               where k.id = lease.id and k.token = lease.token and k.state = 'RUNNING' returning k.id`,
        values: [arrayLiteral(leases.map(({ id }) => id)), arrayLiteral(leases.map(({ token }) => token))],
      });
      return new Set(rows.map(({ id }) => id.toString()));
    },

    async endChunk({ id, token }, end) {
      await database.transaction(async (sql) => {
        const [found] = await sql.query<{ run_id: bigint }>({
          text: "select run_id from run_chunk where id = $1::int8 and token = $2::int8",
          values: [id, token],
        });
        if (found === undefined) return;
        await lockRun(sql, found.run_id);
        if (end.kind === "done") {
          await sql.query({
            text: `with ended as (
                     delete from run_chunk where id = $1::int8 and token = $2::int8 returning run_id, heights, transactions)
                   update run r set done = r.done + ended.heights, transactions = r.transactions + ended.transactions,
                     window_size = coalesce($3::int4, window_size)
                   from ended where r.id = ended.run_id`,
            values: [id, token, end.nextWindow ?? null],
          });
        } else {
          const failed = end.kind === "failed";
          const final = failed && end.delayMs === undefined;
          await sql.query({
            text: `update run_chunk set state = $3::text, token = null, owner = null, lease_until = null,
                     attempts = attempts - $4::int4, error = coalesce($5::jsonb, error),
                     run_after = clock_timestamp() + make_interval(secs => $6::float8)
                   where id = $1::int8 and token = $2::int8`,
            values: [
              id,
              token,
              final ? "FAILED" : "READY",
              failed ? 0 : 1,
              failed ? JSON.stringify(end.failure) : null,
              (end.delayMs ?? 0) / 1_000,
            ],
          });
        }
        await endRunIfComplete(sql, found.run_id);
      });
    },
  };
}

interface Claim {
  readonly chainId: number;
  readonly owner: string;
  readonly limit: number;
}

/** Claims chunks that wait, or whose lease expired. */
function claimWaiting(database: Database, { chainId, owner, limit }: Claim): Promise<readonly ChunkRow[]> {
  return database.query<ChunkRow>({
    name: "claim-chunks",
    text: `with due as (
             select k.id, r.mode from run_chunk k join run r on r.id = k.run_id
             where k.chain_id = $2::int4 and k.state in ('READY', 'RUNNING') and k.run_after <= clock_timestamp()
               and (k.lease_until is null or k.lease_until < clock_timestamp())
             order by k.id limit $3::int4 for update of k skip locked)
           update run_chunk k set token = nextval('lease_token'), owner = $1::text, state = 'RUNNING',
             attempts = k.attempts + 1, lease_until = ${leaseEnd}
           from due where k.id = due.id
           returning k.id, k.run_id, due.mode, k.token, k.attempts, ${uncovered("k.heights - k.done", "due.mode", "k.chain_id")} as heights`,
    values: [owner, chainId, limit],
  });
}

/** The heights that a chunk has still to store, as text: a run of MISSING skips what others stored since it was cut. */
function uncovered(heights: string, mode: string, chainId: string): string {
  return `(${heights} - case when ${mode} = 'OVERWRITE' then '{}'::int8multirange else
    coalesce((select c.heights from coverage c where c.chain_id = ${chainId}), '{}') end)::text`;
}

/** Cuts new chunks from the oldest run with uncut heights. The last heights of a run are spread over all free workers. */
async function cutChunks(
  sql: SqlTransaction,
  { chainId, owner, limit }: Claim,
): Promise<readonly ChunkRow[]> {
  const [run] = await sql.query<{
    id: bigint;
    mode: RunMode;
    window_size: number;
    uncut: string;
    covered: string;
  }>({
    text: `select r.id, r.mode, r.window_size, ${uncovered("r.uncut", "r.mode", "r.chain_id")} as uncut,
             (r.uncut * case when r.mode = 'OVERWRITE' then '{}'::int8multirange else
               coalesce((select c.heights from coverage c where c.chain_id = r.chain_id), '{}') end)::text as covered
           from run r where r.chain_id = $1::int4 and r.status in ('QUEUED', 'RUNNING') and not isempty(r.uncut)
           order by r.id limit 1 for update`,
    values: [chainId],
  });
  if (run === undefined) return [];
  const uncut = readMultirange(run.uncut);
  const share = Math.max(smallestShare, Math.ceil(totalHeights(uncut) / limit));
  const pieces = takePieces(uncut, { size: Math.min(run.window_size, share), limit });
  await sql.query({
    text: `update run set uncut = uncut - $2::int8multirange - $3::int8multirange, done = done + $3::int8multirange,
             status = 'RUNNING', started_at = coalesce(started_at, clock_timestamp())
           where id = $1::int8`,
    values: [run.id, writeMultirange(pieces.flat()), run.covered],
  });
  const rows = await sql.query<ChunkRow>({
    text: `insert into run_chunk (run_id, chain_id, heights, done, state, attempts, lease_until, owner, token)
           select $1::int8, $2::int4, piece::int8multirange, '{}', 'RUNNING', 1, ${leaseEnd}, $3::text, nextval('lease_token')
           from unnest($4::text[]) piece
           returning id, run_id, $5::text as mode, token, attempts, heights::text as heights`,
    values: [run.id, chainId, owner, arrayLiteral(pieces.map(writeMultirange)), run.mode],
  });
  if (pieces.length === 0) await endRunIfComplete(sql, run.id);
  return rows;
}

/** The first `limit` pieces of `size` heights; the last one may be smaller. */
function takePieces(
  ranges: readonly HeightRange[],
  { size, limit }: { readonly size: number; readonly limit: number },
): HeightRange[][] {
  const pieces: HeightRange[][] = [];
  let rest = ranges;
  while (rest.length > 0 && pieces.length < limit) {
    const piece = firstHeights(rest, size);
    pieces.push(piece);
    rest = rest.flatMap((range) => subtractRanges(range, piece));
  }
  return pieces;
}

function chunkOfRow(row: ChunkRow, chain: ChainRef): Chunk {
  return {
    id: row.id.toString(),
    runId: row.run_id.toString(),
    chain,
    mode: row.mode,
    token: row.token,
    attempts: row.attempts,
    heights: readMultirange(row.heights),
  };
}
