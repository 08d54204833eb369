// Transactions without the rest of their block: stored, never counted as a whole height.
// Imports only domain and its neighbours in the store.
import type { Height } from "../domain/height.js";
import { transactionLines } from "./batch-rows.js";
import type { Tally } from "./clean-text.js";
import type { WriteBatch } from "./port.js";
import type { SqlTransaction } from "./sql.js";
import { insertBlocks, lockBlocks, updateBlocks } from "./stored-blocks.js";
import { copyRows, deleteRows } from "./stored-rows.js";

/** What the partial blocks of a batch changed. */
export interface PartialResult {
  readonly changed: readonly Height[];
  /** Heights that held another block, with its hash: they leave the coverage. */
  readonly replaced: readonly { height: Height; hash: string }[];
  readonly transactions: number;
}

/** Stores partial blocks. A whole height of the same block stays as it is; a partial height never becomes whole. */
export async function writePartialBlocks(
  sql: SqlTransaction,
  partialBlocks: NonNullable<WriteBatch["partialBlocks"]>,
  { chainId, tally }: { readonly chainId: number; readonly tally: Tally },
): Promise<PartialResult> {
  const changed = new Set<Height>();
  const replaced: { height: Height; hash: string }[] = [];
  let transactions = 0;
  for (const { block, transaction } of [...partialBlocks].sort((a, b) => a.block.height - b.block.height)) {
    const { height } = block;
    await insertBlocks(sql, chainId, [{ block }]);
    const stored = (await lockBlocks(sql, chainId, [height])).get(height);
    if (stored !== undefined && stored.hash !== block.hash) {
      replaced.push({ height, hash: stored.hash });
      await deleteRows(sql, chainId, [height]);
      await updateBlocks(sql, chainId, [{ block }]);
    } else {
      const whole = stored !== undefined && stored.digest !== null;
      if (whole || (await hasTransaction(sql, chainId, transaction))) continue;
    }
    await copyRows(sql, [transactionLines(chainId, [transaction], tally)]);
    changed.add(height);
    transactions += 1;
  }
  return { changed: [...changed], replaced, transactions };
}

async function hasTransaction(
  sql: SqlTransaction,
  chainId: number,
  { height, index }: { readonly height: Height; readonly index: number },
): Promise<boolean> {
  const rows = await sql.query({
    text: `select 1 from "transaction" where chain_id = $1 and height = $2 and "index" = $3`,
    values: [chainId, height, index],
  });
  return rows.length > 0;
}
