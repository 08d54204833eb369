// Detects whether a chain's times never decrease with height: then a search by time is a search by height.
import type { Height } from "../domain/height.js";
import type { BlockData } from "../domain/transaction.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";

/** Whether every transaction of the blocks has its block's time. */
export function keepsBlockTime(list: readonly BlockData[]): boolean {
  return list.every(({ block, transactions }) => transactions.every(({ time }) => time === block.time));
}

/**
 * Marks a chain permanently as not time-ordered if one of these heights is out of order with a stored neighbour. Runs under
 * the chain's lock, so that the later of two concurrent writers compares neighbouring heights.
 */
export async function checkTimeOrder(
  sql: SqlTransaction,
  chainId: number,
  { heights, ordered }: { readonly heights: readonly Height[]; readonly ordered: boolean },
): Promise<void> {
  await sql.query({
    name: "check-time-order",
    text: `update chain set time_ordered = false where id = $1::int4 and time_ordered and (not $3::boolean or exists (
             select from unnest($2::int8[]) as given (height)
             join block b on b.chain_id = $1::int4 and b.height = given.height
             where b.time_ns < (select p.time_ns from block p where p.chain_id = $1::int4 and p.height < given.height
                                order by p.height desc limit 1)
                or b.time_ns > (select n.time_ns from block n where n.chain_id = $1::int4 and n.height > given.height
                                order by n.height limit 1)))`,
    values: [chainId, arrayLiteral(heights), ordered],
  });
}
