// What a batch must be before it may touch the database.
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { isHeight } from "../domain/height.js";
import type { Block } from "../domain/block.js";
import type { BlockData, Transaction } from "../domain/transaction.js";
import type { WriteBatch } from "./port.js";

/** Throws WORKER_FAILED, with the height, where a height is not whole, comes twice, or belongs to another chain. */
export function checkBatch({ chain, heights, loose = [] }: WriteBatch): void {
  const seen = new Set<number>();
  for (const data of heights) {
    if (seen.has(data.block.height)) refuse(data.block, "comes twice in one batch");
    seen.add(data.block.height);
    checkBlock(chain, data.block);
    checkWhole(data);
  }
  for (const { block, transaction } of loose) {
    checkBlock(chain, block);
    checkTransaction(block, transaction);
  }
}

function checkBlock(chain: ChainRef, block: Block): void {
  if (!sameChain(chain, block.chain)) refuse(block, `is not of ${chainName(chain)}`);
  if (!isHeight(block.height)) refuse(block, "has no valid height");
  if (block.hash === "") refuse(block, "has no hash");
}

function checkWhole({ block, transactions }: BlockData): void {
  if (transactions.length !== block.transactionCount) {
    refuse(block, `says ${block.transactionCount} transactions and came with ${transactions.length}`);
  }
  transactions.forEach((transaction, position) => {
    checkTransaction(block, transaction);
    if (transaction.index !== position)
      refuse(block, `has index ${transaction.index} at position ${position}`);
  });
}

function checkTransaction(block: Block, { chain, height, blockHash }: Transaction): void {
  if (!sameChain(chain, block.chain) || height !== block.height || blockHash !== block.hash) {
    refuse(block, "came with a transaction of another block");
  }
}

function refuse(block: Block, reason: string): never {
  throw new IndexerError(
    "WORKER_FAILED",
    `Block ${block.height} of ${chainName(block.chain)} ${reason}: it is not stored.`,
    {
      chain: chainName(block.chain),
      height: block.height,
    },
  );
}
