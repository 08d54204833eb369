// A whole height in the common format: its block, every transaction, and what of it could not be read.
// Imports only domain and its neighbours; never drops a transaction.
import { setImmediate } from "node:timers/promises";
import type { Block } from "../../../domain/block.js";
import type { ChainRef } from "../../../domain/chain.js";
import type { TaskResult, Quarantined } from "../../../domain/task.js";
import type { Transaction } from "../../../domain/transaction.js";
import type { RawCosmosBlock, RawCosmosHeight } from "./raw-height.js";
import { decodeCosmosTransaction } from "./transaction.js";

/** Milliseconds of decoding before others get their turn: a huge block must not hold up pings. */
const sliceMs = 10;

/** One quarantine for each transaction that could not be read wholly, then the height with all of them. */
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

/** The block in the common format. */
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
