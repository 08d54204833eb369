// Decodes a whole height: its block, every transaction, and quarantines of undecodable ones.
// Imports only domain and its neighbours; never drops a transaction.
import { setImmediate } from "node:timers/promises";
import type { Block } from "../../../domain/block.js";
import type { ChainRef } from "../../../domain/chain.js";
import type { TaskResult, Quarantined } from "../../../domain/task.js";
import type { Transaction } from "../../../domain/transaction.js";
import type { RawCosmosBlock, RawCosmosHeight } from "./raw-height.js";
import { decodeCosmosTransaction } from "./transaction.js";

/** Milliseconds of decoding before yielding to the event loop, so that a huge block does not delay pings. */
const sliceMs = 10;

/** Returns a quarantine for each transaction with a fault, then the height with all transactions. Throws if a result is missing. */
export async function decodeCosmosHeight(
  chain: ChainRef,
  { block, results }: RawCosmosHeight,
): Promise<TaskResult[]> {
  const transactions: Transaction[] = [];
  const quarantined: Quarantined[] = [];
  let sliceStart = performance.now();
  for (const [index, bytes] of block.transactions.entries()) {
    const result = results[index];
    if (result === undefined) {
      throw new Error(`Transaction ${index} of height ${block.height} has no result.`);
    }
    const { transaction, fault } = decodeCosmosTransaction({ chain, block, index, bytes, result });
    transactions.push(transaction);
    if (fault !== undefined) quarantined.push({ height: block.height, index, error: fault, raw: bytes });
    if (performance.now() - sliceStart > sliceMs) {
      await setImmediate();
      sliceStart = performance.now();
    }
  }
  return [
    ...quarantined.map((each) => ({ kind: "quarantine" as const, ...each })),
    { kind: "height", block: blockFromRaw(chain, block), transactions },
  ];
}

/** Converts a block to the common format. */
export function blockFromRaw(chain: ChainRef, raw: RawCosmosBlock): Block {
  return {
    chain,
    height: raw.height,
    hash: raw.hash,
    time: raw.time,
    transactionCount: raw.transactions.length,
    ...(raw.parentHash !== undefined && { parentHash: raw.parentHash }),
    ...(raw.proposer !== undefined && { proposer: raw.proposer }),
  };
}
