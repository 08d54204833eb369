// Verifies a range: compares stored transactions with each block's transaction count.
// Imports only domain and its neighbours in the store; never trusts the coverage.
import type { Coverage } from "../domain/coverage.js";
import { mergeRanges, subtractRanges, type Height, type HeightRange } from "../domain/height.js";
import { readMultirange, writeMultirange } from "./multirange.js";
import type { Database, Sql } from "./sql.js";

/** Stored blocks that one statement counts; bounds the cost of wide ranges. */
const slice = 5_000;

interface ProofRow {
  readonly blocks: bigint;
  readonly transactions: bigint;
  readonly last: bigint | null;
  readonly stored_blocks: string;
  readonly missing_transactions: string;
}

/** Counts a range and removes mismatching heights from the coverage. */
export async function verifyRange(
  database: Database,
  chainId: number,
  range: HeightRange,
): Promise<Coverage> {
  const counted = await count(database, chainId, range);
  const suspects = await coveredOf(database, chainId, gapsOf(counted));
  if (suspects.length > 0) await invalidateVerified(database, chainId, suspects);
  return counted;
}

/**
 * Removes heights that are still missing under the chain's lock: heights stored during the count stay covered.
 */
async function invalidateVerified(
  database: Database,
  chainId: number,
  suspects: readonly HeightRange[],
): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query({ text: "select id from chain where id = $1 for update", values: [chainId] });
    const gaps: HeightRange[] = [];
    for (const suspect of suspects) gaps.push(...gapsOf(await count(sql, chainId, suspect)));
    await invalidateRanges(sql, chainId, gaps);
  });
}

/** Removes ranges from the coverage. */
export async function invalidateRanges(
  sql: Sql,
  chainId: number,
  ranges: readonly HeightRange[],
): Promise<void> {
  if (ranges.length === 0) return;
  await sql.query({
    text: `update coverage set heights = heights - $2::int8multirange
           where chain_id = $1 and heights && $2::int8multirange`,
    values: [chainId, writeMultirange(ranges)],
  });
}

function gapsOf({ missingBlocks, missingTransactions }: Coverage): HeightRange[] {
  return mergeRanges([...missingBlocks, ...missingTransactions]);
}

async function coveredOf(
  sql: Sql,
  chainId: number,
  ranges: readonly HeightRange[],
): Promise<readonly HeightRange[]> {
  const [row] = await sql.query<{ heights: string }>({
    text: "select (heights * $2::int8multirange)::text as heights from coverage where chain_id = $1",
    values: [chainId, writeMultirange(ranges)],
  });
  return readMultirange(row?.heights ?? "{}");
}

async function count(sql: Sql, chainId: number, range: HeightRange): Promise<Coverage> {
  let blocks = 0n;
  let transactions = 0n;
  const missingBlocks: HeightRange[] = [];
  const missingTransactions: HeightRange[] = [];
  for (let next: Height | undefined = range.from; next !== undefined && next <= range.to;) {
    const row: ProofRow | undefined = await countSlice(sql, chainId, { from: next, to: range.to });
    blocks += row?.blocks ?? 0n;
    transactions += row?.transactions ?? 0n;
    const end: Height = row?.last === null || row?.last === undefined ? range.to : Number(row.last);
    missingBlocks.push(
      ...subtractRanges({ from: next, to: end }, readMultirange(row?.stored_blocks ?? "{}")),
    );
    missingTransactions.push(...readMultirange(row?.missing_transactions ?? "{}"));
    next = end + 1;
  }
  return {
    range,
    complete: missingBlocks.length + missingTransactions.length === 0,
    blocks,
    transactions,
    missingBlocks: mergeRanges(missingBlocks),
    missingTransactions: mergeRanges(missingTransactions),
  };
}

/** Counts the first blocks of a range; `last` is the last counted height, null at the end of the range. */
async function countSlice(
  sql: Sql,
  chainId: number,
  { from, to }: HeightRange,
): Promise<ProofRow | undefined> {
  const [row] = await sql.query<ProofRow>({
    name: "prove-slice",
    text: `with counted as (
             select b.height, b.transaction_count, t.stored, t.last_index
             from (select height, transaction_count from block
                   where chain_id = $1::int4 and height between $2::int8 and $3::int8 order by height limit $4::int4) b
             cross join lateral (
               select count(*) as stored, coalesce(max(x."index"), -1) as last_index from "transaction" x
               where x.chain_id = $1::int4 and x.height = b.height) t)
           select count(*) as blocks, coalesce(sum(stored), 0)::int8 as transactions,
             case when count(*) = $4::int4 then max(height) end as last,
             coalesce(range_agg(int8range(height, height, '[]')), '{}')::text as stored_blocks,
             -- As many as the block says, and the last index says so too: then every index from 0 is there, once.
             coalesce(range_agg(int8range(height, height, '[]'))
               filter (where stored <> transaction_count or last_index <> transaction_count - 1), '{}')::text
               as missing_transactions
           from counted`,
    values: [chainId, from, to, slice],
  });
  return row;
}
