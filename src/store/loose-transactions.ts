// Single transactions, without the rest of their block: stored, never counted as a whole height.
// Imports only domain and its neighbours in the store.
import type { Height } from "../domain/height.js";
import { blockColumns, transactionLines, type Tally } from "./batch-rows.js";
import type { WriteBatch } from "./port.js";
import type { Session } from "./sql.js";
import { copyRows, deleteRows } from "./stored-rows.js";

export interface LooseResult {
  readonly changed: readonly Height[];
  /** Heights where another block stood, with its hash: no longer covered. */
  readonly replaced: readonly { height: Height; hash: string }[];
  readonly transactions: number;
}

/** Stores single transactions: never over a whole height of the same block, and never as if they made one whole. */
export async function writeLoose(
  session: Session,
  loose: NonNullable<WriteBatch["partialBlocks"]>,
  { chainId, tally }: { readonly chainId: number; readonly tally: Tally },
): Promise<LooseResult> {
  const changed = new Set<Height>();
  const replaced: { height: Height; hash: string }[] = [];
  let transactions = 0;
  for (const { block, transaction } of [...loose].sort((a, b) => a.block.height - b.block.height)) {
    const { height, timeNs, transactionCount, hash, parentHash, epoch, proposer } = blockColumns(
      block,
      tally,
    );
    const values = [chainId, height, timeNs, transactionCount, hash, parentHash, epoch, proposer];
    await session.query({
      text: `insert into block (chain_id, height, time_ns, transaction_count, hash, parent_hash, epoch, proposer)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      values,
    });
    const [stored] = await session.query<{ hash: string; whole: boolean }>({
      text: "select hash, digest is not null as whole from block where chain_id = $1 and height = $2 for update",
      values: [chainId, height],
    });
    if (stored?.hash === hash && stored.whole) continue;
    if (stored !== undefined && stored.hash !== hash) {
      replaced.push({ height, hash: stored.hash });
      await deleteRows(session, chainId, [height]);
      await session.query({
        text: `update block set time_ns = $3, transaction_count = $4, hash = $5, parent_hash = $6, epoch = $7, proposer = $8,
               digest = null where chain_id = $1 and height = $2`,
        values,
      });
    }
    const [known] = await session.query<{ one: number }>({
      text: `select 1 as one from "transaction" where chain_id = $1 and height = $2 and "index" = $3`,
      values: [chainId, height, transaction.index],
    });
    if (known !== undefined) continue;
    await copyRows(session, [transactionLines(chainId, [transaction], tally)]);
    changed.add(height);
    transactions += 1;
  }
  return { changed: [...changed], replaced, transactions };
}
