import { describe, expect, it } from "vitest";
import type { Block } from "../domain/block.js";
import type { Transaction } from "../domain/transaction.js";
import { blockData, testChain } from "../testing/chain-data.js";
import { checkBatch } from "./batch-check.js";
import { longestKey } from "./batch-rows.js";

const long = "x".repeat(longestKey);
const other = { network: "test", chainId: "test-2" };

/** Height 2 with changed fields: of the block, and of its first transaction, which names the changed block. */
function changed(block: Partial<Block>, transaction: Partial<Transaction> = {}) {
  const data = blockData(2);
  const { hash, height, chain } = { ...data.block, ...block };
  const transactions = data.transactions.map((each, index) => ({
    ...each,
    ...{ chain, height, blockHash: hash },
    ...(index === 0 && transaction),
  }));
  return { block: { ...data.block, ...block }, transactions };
}

const rejected: readonly (readonly [fault: string, data: ReturnType<typeof changed>])[] = [
  ["another chain", changed({ chain: other })],
  ["a negative height", changed({ height: -1 })],
  ["a height that is not a whole number", changed({ height: 1.5 })],
  ["a height above 2^53", changed({ height: 2 ** 53 })],
  ["no hash", changed({ hash: "" })],
  ["a hash that is too long", changed({ hash: `${long}x` })],
  ["a hash with a NUL character", changed({ hash: "a\u0000" })],
  ["a hash with a lone surrogate", changed({ hash: "a\ud800" })],
  ["an epoch that is too long", changed({ epoch: `${long}x` })],
  ["a time above int8", changed({ time: 2n ** 63n })],
  ["a time below int8", changed({ time: -(2n ** 63n) - 1n })],
  ["a transaction of another chain", changed({}, { chain: other })],
  ["a transaction of another height", changed({}, { height: 3 })],
  ["a transaction of another block", changed({}, { blockHash: "other" })],
  ["a transaction without a hash", changed({}, { hash: "" })],
  ["a transaction whose hash is too long", changed({}, { hash: `${long}x` })],
  ["a transaction whose hash has a NUL character", changed({}, { hash: "\u0000" })],
  ["a transaction whose time is above int8", changed({}, { time: 2n ** 63n })],
  ["a transaction whose epoch is too long", changed({}, { epoch: `${long}x` })],
  ["a transaction with a negative index", changed({}, { index: -1 })],
];

describe("checkBatch", () => {
  it.each(rejected)("rejects a whole height and a partial block with %s", (_fault, data) => {
    const failure = expect.objectContaining({
      code: "WORKER_FAILED",
      facts: { chain: expect.any(String) as string, height: data.block.height },
    }) as Error;
    expect(() => checkBatch({ chain: testChain, heights: [data] })).toThrow(failure);
    const partialBlocks = [{ block: data.block, transaction: data.transactions[0]! }];
    expect(() => checkBatch({ chain: testChain, heights: [], partialBlocks })).toThrow(failure);
  });

  it.each([
    ["a transaction count of 2^31", { transactionCount: 2 ** 31 }, 0],
    ["a transaction index of 2^31", {}, 2 ** 31],
  ])("rejects a partial block with %s", (_fault, block, index) => {
    const data = changed(block, { index });
    const partialBlocks = [{ block: data.block, transaction: data.transactions[0]! }];
    expect(() => checkBatch({ chain: testChain, heights: [], partialBlocks })).toThrow(
      /Block 2 of test\/test-1/,
    );
  });

  it.each([
    ["fewer transactions than its count", { transactionCount: 3 }, {}],
    ["more transactions than its count", { transactionCount: 1 }, {}],
    ["an index that is not the transaction's position", {}, { index: 1 }],
  ])("rejects a whole height with %s", (_fault, block, transaction) => {
    expect(() => checkBatch({ chain: testChain, heights: [changed(block, transaction)] })).toThrow(
      /Block 2 of test\/test-1 (declares [13] transactions but contains 2|has index 1 at position 0)/,
    );
  });

  it("rejects a height that occurs twice", () => {
    const heights = [blockData(1), blockData(2), blockData(1)];
    expect(() => checkBatch({ chain: testChain, heights })).toThrow(/Block 1 .* occurs twice/);
  });

  it.each([
    ["texts of the greatest length", changed({ hash: long, epoch: long }, { hash: long, epoch: long })],
    ["the latest time", changed({ time: 2n ** 63n - 1n }, { time: 2n ** 63n - 1n })],
    ["the earliest time", changed({ time: -(2n ** 63n) }, { time: -(2n ** 63n) })],
    ["height 0", changed({ height: 0 })],
  ])("accepts %s", (_limit, data) => {
    expect(() => checkBatch({ chain: testChain, heights: [data] })).not.toThrow();
  });

  it("accepts the greatest transaction count and index in a partial block", () => {
    const data = changed({ transactionCount: 2 ** 31 - 1 }, { index: 2 ** 31 - 1 });
    const partialBlocks = [{ block: data.block, transaction: data.transactions[0]! }];
    expect(() => checkBatch({ chain: testChain, heights: [], partialBlocks })).not.toThrow();
  });
});
