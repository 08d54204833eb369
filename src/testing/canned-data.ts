// The chains, blocks, transactions and the worker of the canned client.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import { participation, type TransactionEvent } from "../domain/transaction.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { StoredTransaction } from "../store/port.js";

/** The chain that most tests query. */
export const demo: ChainRef = { network: "demo", chainId: "demo-1" };
/** Another chain of the same network. */
export const second: ChainRef = { network: "demo", chainId: "demo-2" };

/** The highest stored height. Each chain stores the heights from 1. */
export const stored = 20;
/** The number of transactions of each block. */
export const perBlock = 3;

/** The time of height 0, in nanoseconds since 1970. */
export const genesis = 1_600_000_000_000_000_000n;

/** Creates the block of the client at a height. */
export function cannedBlock(chain: ChainRef, height: number, fork = ""): Block {
  return {
    chain,
    height,
    hash: `${chain.chainId}-block-${height}${fork}`,
    parentHash: `${chain.chainId}-block-${height - 1}`,
    time: genesis + BigInt(height) * 1_000_000_001n,
    proposer: "validator-1",
    transactionCount: perBlock,
  };
}

/** Creates the transaction of the client at a position of a block. */
export function cannedTransaction(block: Block, index: number): StoredTransaction {
  const account = { id: `account-${index}` };
  const amount = { text: "5coin", currency: "coin", numeric: "5000000000000000000000", exp: 3 };
  const events: TransactionEvent[] = [
    {
      id: "0",
      kind: "send",
      sub: [
        {
          type: ["send"],
          sender: [{ account, amounts: [amount] }],
          recipient: [{ account: { id: "receiver" }, amounts: [amount] }],
          node: { fee_payer: [account] },
          amount: { value: amount },
          additional: { note: ["a", "b"] },
          completion: "2021-03-04T05:06:07.000000008Z",
          sub: [{ type: ["inner"], error: "inner failure" }],
        },
      ],
    },
  ];
  return {
    chain: block.chain,
    hash: `${block.hash}-tx-${index}`,
    blockHash: block.hash,
    height: block.height,
    index,
    time: block.time,
    fee: [amount],
    gasWanted: 9_007_199_254_740_993n,
    gasUsed: 21_000n,
    memo: `memo ${index}`,
    hasErrors: index === 2,
    events,
    raw: Buffer.from([0, 1, 2, 255]),
    rawLog: Buffer.from("log"),
    ...participation(events),
  };
}

/** Creates all transactions of a block. */
export function cannedTransactions(block: Block): StoredTransaction[] {
  return Array.from({ length: perBlock }, (_, index) => cannedTransaction(block, index));
}

/** The only worker of the canned client. */
export const cannedWorker: WorkerStatus = {
  workerId: "worker-1",
  chain: demo,
  version: "1.0.0",
  address: "127.0.0.1:4000",
  state: "ONLINE",
  lastSeen: 1_600_000_000_000,
  inFlight: 1,
  capacity: 8,
  tasksDone: 7,
  tasksFailed: 0,
  pingMs: 1.5,
  capabilities: ["credit", "cancel"],
};
