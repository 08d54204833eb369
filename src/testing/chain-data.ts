// Small made-up chains for tests of the store: blocks that link, transactions with senders and recipients.
import type { Amount } from "../domain/amount.js";
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { BlockData, Transaction } from "../domain/transaction.js";

/** The default chain of the test data. */
export const testChain: ChainRef = { network: "test", chainId: "test-1" };

/** Selects a branch of a test chain. */
export interface Branch {
  readonly chain?: ChainRef;
  /** Names the branch: heights from `forkAt` on have other hashes than on other branches. */
  readonly name?: string;
  readonly forkAt?: Height;
  readonly transactions?: (height: Height) => number;
}

/** The block of a height on a branch, with its transactions; the same arguments give the same data. */
export function blockData(height: Height, branch: Branch = {}): BlockData {
  const { chain = testChain, transactions = () => 2 } = branch;
  const count = transactions(height);
  const time = BigInt(height) * 1_000_000_000n + 7n;
  const block = {
    chain,
    height,
    hash: hashAt(height, branch),
    time,
    transactionCount: count,
    ...(height > 0 && { parentHash: hashAt(height - 1, branch) }),
  };
  return {
    block,
    transactions: Array.from({ length: count }, (_, index): Transaction => ({
      chain,
      hash: `${block.hash}-tx${index}`,
      blockHash: block.hash,
      height,
      index,
      time,
      fee: [amount("7")],
      gasWanted: 21_000n,
      gasUsed: 20_000n,
      memo: `memo ${height} of ${index}`,
      hasErrors: index === 1,
      events: [
        {
          id: "0",
          kind: "send",
          sub: [
            {
              type: ["send"],
              module: "bank",
              sender: [{ account: { id: `acc${height % 5}` }, amounts: [amount("100")] }],
              recipient: [{ account: { id: `acc${index}` }, amounts: [amount("100")] }],
            },
          ],
        },
      ],
      raw: new Uint8Array([0, 1, 255, height % 256]),
    })),
  };
}

/** Heights `from` to `to` of a branch. */
export function chainData(from: Height, to: Height, branch: Branch = {}): BlockData[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => blockData(from + offset, branch));
}

function hashAt(height: Height, { name = "main", forkAt = 0 }: Branch): string {
  return height >= forkAt ? `${name}-${height}` : `main-${height}`;
}

function amount(numeric: string): Amount {
  return { text: `${numeric}utest`, currency: "utest", numeric, exp: 0 };
}
