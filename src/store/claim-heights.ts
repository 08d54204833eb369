// Claims the heights of a batch: inserts or locks each block's row in ascending order, so that concurrent writers of a height
// wait for each other there and nowhere else. Imports only domain and its neighbours in the store.
import { IndexerError } from "../domain/errors.js";
import type { PreparedHeight } from "./batch-rows.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";
import { insertBlocks, lockBlocks, updateBlocks } from "./stored-blocks.js";

/** A height of the batch after its claim. */
export interface ClaimedHeight {
  readonly prepared: PreparedHeight;
  /** `replaced`: another block was stored; `refreshed`: the same block, but its rows differ or are incomplete. */
  readonly change: "new" | "replaced" | "refreshed" | "none";
  /** The hash of the block that was stored before. */
  readonly replacedHash?: string;
}

/** Claims ascending heights. Afterwards the block rows equal the batch; the rows of their transactions do not yet. */
export async function claimHeights(
  sql: SqlTransaction,
  chainId: number,
  prepared: readonly PreparedHeight[],
): Promise<ClaimedHeight[]> {
  if (prepared.length === 0) return [];
  const inserted = await insertBlocks(sql, chainId, prepared);
  const known = prepared.map(({ block }) => block.height).filter((height) => !inserted.has(height));
  const stored = await lockBlocks(sql, chainId, known);
  const damaged = await damagedHeights(sql, chainId, [...stored.keys()]);

  const claimed = prepared.map((each): ClaimedHeight => {
    const { height, hash } = each.block;
    if (inserted.has(height)) return { prepared: each, change: "new" };
    const before = stored.get(height);
    // A writer that replaced a lower height deleted this row between the two statements: the transaction is retried.
    if (before === undefined) throw claimConflict(height);
    if (before.hash !== hash) return { prepared: each, change: "replaced", replacedHash: before.hash };
    const same = before.digest === each.digest && !damaged.has(height);
    return { prepared: each, change: same ? "none" : "refreshed" };
  });
  const rewritten = claimed.filter(({ change }) => change === "replaced" || change === "refreshed");
  await updateBlocks(
    sql,
    chainId,
    rewritten.map((each) => each.prepared),
  );
  return claimed;
}

/** Heights outside the coverage whose stored transactions do not match their block: rows were changed after they were written. */
async function damagedHeights(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly number[],
): Promise<ReadonlySet<number>> {
  if (heights.length === 0) return new Set();
  // The locks are held: a new statement sees what earlier lock owners committed.
  const rows = await sql.query<{ height: bigint }>({
    text: `select b.height from block b left join coverage c on c.chain_id = b.chain_id
           where b.chain_id = $1::int4 and b.height = any($2::int8[])
             and not coalesce(c.heights @> b.height, false)
             and (b.transaction_count, b.transaction_count - 1) <> (
               select count(*), coalesce(max(t."index"), -1) from "transaction" t
               where t.chain_id = b.chain_id and t.height = b.height)`,
    values: [chainId, arrayLiteral(heights)],
  });
  return new Set(rows.map(({ height }) => Number(height)));
}

/** Carries the code of PostgreSQL's serialization failure, which the writer retries. */
function claimConflict(height: number): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    "Several writers stored the same heights at once. Retry the batch.",
    { height },
    {
      cause: Object.assign(new Error("Another writer deleted the block during its claim."), {
        code: "40001",
      }),
    },
  );
}
