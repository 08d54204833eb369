// A chain for tests of streams: height h has `transactions(h)` transactions, and its number determines its content.
import type { Block } from "../domain/block.js";
import type { ChainRef, ChainHead } from "../domain/chain.js";
import { TaskFailure, type TaskResult, type TaskRequest } from "../domain/task.js";
import type { Transaction } from "../domain/transaction.js";

/** The default chain. */
export const countingChain: ChainRef = { network: "counting", chainId: "counting-1" };

/** Settings of the chain. */
export interface CountingOptions {
  readonly chain?: ChainRef;
  readonly head?: number;
  /** Returns the number of transactions of a height; height modulo 4 by default. */
  readonly transactions?: (height: number) => number;
  /** Bytes of each transaction's raw form; absent if 0. */
  readonly rawBytes?: number;
  /** Awaited before each height. */
  readonly before?: (height: number, signal: AbortSignal) => Promise<void> | void;
}

/** The chain as a worker's source. */
export interface CountingChain {
  readonly chain: ChainRef;
  readonly capabilities: readonly TaskRequest["kind"][];
  /** The heights that were read, repetitions included. */
  readonly reads: number[];
  head(signal: AbortSignal): Promise<ChainHead>;
  execute(request: TaskRequest, signal: AbortSignal): AsyncIterable<TaskResult>;
  block(height: number): Block;
  transaction(height: number, index: number): Transaction;
}

/** Creates the chain. */
export function createCountingChain(options: CountingOptions = {}): CountingChain {
  const { chain = countingChain, head = 1_000_000, rawBytes = 0 } = options;
  const transactions = options.transactions ?? ((height: number) => height % 4);
  const reads: number[] = [];

  const block = (height: number): Block => ({
    chain,
    height,
    hash: `block-${height}`,
    parentHash: `block-${height - 1}`,
    time: BigInt(height) * 6_000_000_000n + 7n,
    transactionCount: transactions(height),
  });
  const transaction = (height: number, index: number): Transaction => ({
    chain,
    hash: `tx-${height}-${index}`,
    blockHash: `block-${height}`,
    height,
    index,
    time: BigInt(height) * 6_000_000_000n + 7n,
    fee: [{ text: "5000u", currency: "u", numeric: "5000", exp: 0 }],
    gasWanted: 200_000n,
    gasUsed: 123_456n,
    memo: `memo ${height}`,
    hasErrors: false,
    events: [
      {
        id: "0",
        kind: "send",
        sub: [
          {
            type: ["send"],
            module: "bank",
            sender: [{ account: { id: "alice" }, amounts: [] }],
            amount: {
              send: {
                text: "123456789012345678901234567890u",
                currency: "u",
                numeric: "123456789012345678901234567890",
                exp: 18,
              },
            },
          },
        ],
      },
    ],
    ...(rawBytes > 0 && { raw: Buffer.alloc(rawBytes, index) }),
  });
  const heightResult = (height: number): TaskResult => ({
    kind: "height",
    block: block(height),
    transactions: Array.from({ length: transactions(height) }, (_, index) => transaction(height, index)),
  });

  async function* heights(from: number, to: number, signal: AbortSignal): AsyncGenerator<TaskResult> {
    for (let height = from; height <= to; height += 1) {
      signal.throwIfAborted();
      await options.before?.(height, signal);
      reads.push(height);
      yield heightResult(height);
    }
  }

  async function* execute(request: TaskRequest, signal: AbortSignal): AsyncGenerator<TaskResult> {
    switch (request.kind) {
      case "heights":
        yield* heights(request.range.from, request.range.to, signal);
        return;
      case "latest": {
        const from =
          request.after === undefined ? Math.max(0, head - request.limit + 1) : request.after.height + 1;
        yield* heights(from, Math.min(head, from + request.limit - 1), signal);
        return;
      }
      case "transaction": {
        const [, height, index] = /^tx-(\d+)-(\d+)$/.exec(request.hash) ?? [];
        if (height === undefined) {
          throw new TaskFailure(`The transaction ${request.hash} does not exist.`, "never", {
            type: "not_found",
          });
        }
        yield {
          kind: "transaction",
          block: block(Number(height)),
          transaction: transaction(Number(height), Number(index)),
        };
        return;
      }
      case "reward":
        yield {
          kind: "reward",
          height: request.height,
          rewards: [{ validator: "val", amounts: [{ text: "1.5u", currency: "u", numeric: "15", exp: 1 }] }],
        };
        return;
      case "balance":
        yield {
          kind: "balance",
          height: request.height,
          balances: [{ text: "7u", currency: "u", numeric: "7", exp: 0 }],
        };
        return;
      case "delegations":
        yield {
          kind: "delegations",
          height: request.height,
          delegations: [
            {
              delegator: request.account,
              validator: "val",
              shares: "10.50",
              balance: { text: "10u", currency: "u", numeric: "10", exp: 0 },
            },
          ],
        };
    }
  }

  return {
    chain,
    capabilities: ["heights", "latest", "transaction", "reward", "balance", "delegations"],
    reads,
    head: () => Promise.resolve({ height: head, hash: `block-${head}` }),
    execute,
    block,
    transaction,
  };
}
