import { describe, expect, it } from "vitest";
import type { SubEvent } from "../domain/transaction.js";
import { blockData } from "../testing/chain-data.js";
import { longestKey, prepareHeight, transactionLines } from "./batch-rows.js";

const transactionWith = (sub: SubEvent) => ({
  ...blockData(3).transactions[0]!,
  events: [{ id: "0", kind: "k", sub: [sub] }],
});
const linesOf = (sub: SubEvent) => transactionLines(1, [transactionWith(sub)], { removed: 0 });
const transfer = (id: string) => ({ account: { id }, amounts: [] });
const cells = (lines: string, ...places: number[]): string[][] =>
  lines
    .split("\n")
    .slice(0, -1)
    .map((line) => places.map((place) => line.split("\t")[place]!));

describe("transactionLines", () => {
  it("lists an account once, with the bits of all of its roles", () => {
    const { accounts } = linesOf({
      type: ["send"],
      sender: [transfer("a"), transfer("b")],
      recipient: [transfer("b"), transfer("c")],
      node: { validator: [{ id: "d" }] },
    });
    // chain_id, height, index, roles, account, types
    expect(cells(accounts, 3, 4)).toEqual([
      ["3", "a"],
      ["7", "b"],
      ["5", "c"],
      ["1", "d"],
    ]);
  });

  it("lists texts that are equal once their unstorable characters are removed as one", () => {
    const { accounts, types } = linesOf({
      type: ["t\u0000", "t"],
      sender: [transfer("a"), transfer("a\u0000")],
    });
    expect(cells(accounts, 4)).toEqual([["a"]]);
    expect(cells(types, 3)).toEqual([["t"]]);
  });

  it("lists keys up to the greatest length and stores longer ones only in the transaction", () => {
    const [longest, longer] = ["x".repeat(longestKey), "y".repeat(longestKey + 1)];
    const lines = linesOf({ type: [longest, longer], sender: [transfer(longest), transfer(longer)] });
    expect(cells(lines.accounts, 4)).toEqual([[longest]]);
    expect(cells(lines.types, 3)).toEqual([[longest]]);
    expect(lines.transactions.split(longer).length - 1).toBeGreaterThanOrEqual(4);
  });
});

describe("prepareHeight", () => {
  const { block, transactions } = blockData(3);
  const digestOf = (data: Parameters<typeof prepareHeight>[1]): string =>
    prepareHeight(1, data, { removed: 0 }).digest;

  it("gives equal heights equal digests, and another digest for each changed field", () => {
    const original = digestOf({ block, transactions });
    expect(digestOf(structuredClone({ block, transactions }))).toBe(original);
    const [first, ...rest] = transactions;
    for (const changed of [
      { block: { ...block, proposer: "p" }, transactions },
      { block: { ...block, epoch: "e" }, transactions },
      { block: { ...block, time: block.time + 1n }, transactions },
      { block, transactions: [{ ...first!, memo: "other" }, ...rest] },
      { block, transactions: [{ ...first!, events: [] }, ...rest] },
      { block, transactions: [{ ...first!, raw: new Uint8Array([9]) }, ...rest] },
      { block, transactions: rest },
    ])
      expect(digestOf(changed)).not.toBe(original);
  });

  it("counts removed characters of the block and of its transactions, each once", () => {
    const tally = { removed: 0 };
    const changed = transactions.map((each) => ({ ...each, memo: "\u0000" }));
    prepareHeight(1, { block: { ...block, proposer: "p\u0000" }, transactions: changed }, tally);
    expect(tally.removed).toBe(1 + transactions.length);
  });

  it("stores an empty optional text like an absent one", () => {
    expect(digestOf({ block: { ...block, epoch: "" }, transactions })).toBe(
      digestOf({ block, transactions }),
    );
  });
});
