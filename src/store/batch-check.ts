// Validates a batch before it reaches the database.
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { isHeight } from "../domain/height.js";
import type { Block } from "../domain/block.js";
import type { BlockData, Transaction } from "../domain/transaction.js";
import { longestKey } from "./batch-rows.js";
import { cleanText } from "./clean-text.js";
import type { WriteBatch } from "./port.js";

/** Throws WORKER_FAILED, with the height, if a height is incomplete, repeated, or belongs to another chain. */
export function checkBatch({ chain, heights, partialBlocks = [] }: WriteBatch): void {
  const seen = new Set<number>();
  for (const data of heights) {
    if (seen.has(data.block.height)) reject(data.block, "occurs twice in one batch");
    seen.add(data.block.height);
    checkBlock(chain, data.block);
    checkWhole(data);
  }
  for (const { block, transaction } of partialBlocks) {
    checkBlock(chain, block);
    checkTransaction(block, transaction);
  }
}

function checkBlock(chain: ChainRef, block: Block): void {
  if (!sameChain(chain, block.chain)) reject(block, `does not belong to ${chainName(chain)}`);
  if (!isHeight(block.height)) reject(block, "has no valid height");
  if (!isKey(block.hash)) reject(block, "has no valid hash");
  if (block.epoch !== undefined && block.epoch.length > longestKey)
    reject(block, `has an epoch of more than ${longestKey} characters`);
  if (!isInt4(block.transactionCount)) reject(block, "has no valid number of transactions");
  if (!isInt8(block.time)) reject(block, "has a time that is not within the years 1677 to 2262");
}

/** Lookups use the original text of a hash, so a hash that cannot be stored unchanged would never be found. */
function isKey(text: string): boolean {
  return text !== "" && text.length <= longestKey && cleanText(text) === text;
}

function isInt4(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function isInt8(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function checkWhole({ block, transactions }: BlockData): void {
  if (transactions.length !== block.transactionCount) {
    reject(block, `declares ${block.transactionCount} transactions but contains ${transactions.length}`);
  }
  transactions.forEach((transaction, position) => {
    checkTransaction(block, transaction);
    if (transaction.index !== position)
      reject(block, `has index ${transaction.index} at position ${position}`);
  });
}

function checkTransaction(block: Block, transaction: Transaction): void {
  const { chain, height, blockHash, hash, index, time, epoch } = transaction;
  if (!sameChain(chain, block.chain) || height !== block.height || blockHash !== block.hash) {
    reject(block, "contains a transaction of another block");
  }
  if (!isKey(hash) || !isInt4(index) || !isInt8(time) || (epoch?.length ?? 0) > longestKey) {
    reject(block, "contains a transaction without a valid hash, index, time or epoch");
  }
}

function reject(block: Block, reason: string): never {
  throw new IndexerError(
    "WORKER_FAILED",
    `Block ${block.height} of ${chainName(block.chain)} ${reason}: it is not stored.`,
    {
      chain: chainName(block.chain),
      height: block.height,
    },
  );
}
