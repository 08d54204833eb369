// Items that an assembly drops or refuses, one rule at a time.
import { expect, it } from "vitest";
import type { TaskRequest } from "../../domain/task.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { itemsOf } from "../../testing/scripted-worker.js";
import type { Assembly } from "./assembly.js";
import type { Item } from "./frames.js";
import { createAssembly } from "./request-assembly.js";

const chain = createCountingChain();
const other = createCountingChain({ chain: { network: "counting", chainId: "other" } });
const heights: TaskRequest = { kind: "heights", chain: countingChain, range: { from: 3, to: 7 } };
const byHash: TaskRequest = { kind: "transaction", chain: countingChain, hash: "tx-3-1" };
const balance: TaskRequest = { kind: "balance", chain: countingChain, account: "alice", height: 5 };
const block = (height: number, source = chain): Item => ({ kind: "block", block: source.block(height) });
const transaction = (
  height: number,
  index: number,
  hash = `tx-${height}-${index}`,
  source = chain,
): Item => ({
  kind: "transaction",
  transaction: { ...source.transaction(height, index), hash },
});
const note = (height: number, index?: number): Item => ({
  kind: "quarantine",
  height,
  error: "odd",
  ...(index !== undefined && { index }),
});
const balanceAt = (height: number): Item => ({ kind: "balance", height, balances: [] });

/** Takes the items; returns the reason of each dropped one, in order. */
function dropped(assembly: Assembly, items: readonly Item[]): (string | undefined)[] {
  return items.map((item) => assembly.take(item, 10));
}

it("drops the same block, transaction or note again, and counts no bytes for it", () => {
  const assembly = createAssembly(heights);
  const items = [
    block(3),
    block(3),
    transaction(3, 0),
    transaction(3, 0),
    note(3, 1),
    note(3, 1),
    { ...balanceAt(3) },
  ];
  expect(dropped(assembly, items)).toEqual([
    undefined,
    "doubled",
    undefined,
    "doubled",
    undefined,
    "doubled",
    "unexpected",
  ]);
  expect(assembly.incompleteBytes).toBe(30);
});

it("drops items of heights outside the request, and accepts its last height", () => {
  const assembly = createAssembly({ ...heights, range: { from: 4, to: 4 } });
  expect(dropped(assembly, [block(3), block(5), block(4), block(4)])).toEqual([
    "doubled",
    "out_of_range",
    undefined,
    "doubled",
  ]);
  expect(assembly.cursor).toBe(4);
});

it.each<[string, TaskRequest, readonly Item[], RegExp]>([
  ["two blocks of a height", heights, [block(3), { kind: "block", block: { ...chain.block(3), hash: "x" } }], /Two blocks/], // prettier-ignore
  ["two transactions of a position", heights, [block(3), transaction(3, 0), transaction(3, 0, "x")], /position 0/], // prettier-ignore
  ["a position beyond the block", heights, [block(3), transaction(3, 3)], /position 3 of 3/],
  ["a transaction before its block", heights, [transaction(3, 0)], /before its block/],
  ["a later height", heights, [block(5)], /height 3 was expected/],
  ["another chain's block", heights, [block(3, other)], /counting\/other/],
  ["another chain's transaction", heights, [block(3), transaction(3, 0, "x", other)], /counting\/other/],
  ["another chain's block of a transaction", byHash, [block(3, other)], /counting\/other/],
  ["another chain's transaction by hash", byHash, [transaction(3, 1, "tx-3-1", other)], /counting\/other/],
  ["an account at another height", balance, [balanceAt(6)], /height 5 was requested/],
])("refuses %s", (_case, request, items, message) => {
  const assembly = createAssembly(request);
  expect(() => dropped(assembly, items)).toThrow(message);
});

it("finds a transaction by its hash without regard to case and prefix, and drops all others", () => {
  const assembly = createAssembly({ ...byHash, hash: "0xABC" });
  const items = [
    block(3),
    transaction(3, 0),
    transaction(3, 1, "abc"),
    transaction(3, 1, "0xabc"),
    balanceAt(3),
  ];
  expect(dropped(assembly, items)).toEqual([undefined, "unexpected", undefined, "doubled", "unexpected"]);
  expect(assembly.incompleteBytes).toBe(20);
  expect([assembly.takeComplete(), assembly.cursor]).toEqual([[], undefined]);
  expect(assembly.finish()).toMatchObject([{ kind: "transaction", block: { height: 3 } }]);
});

it("delivers the notes of a transaction before it, and the notes alone if it cannot be decoded", () => {
  const complete = createAssembly(byHash);
  dropped(complete, [note(3, 1), block(3), transaction(3, 1)]);
  expect(complete.finish().map(({ kind }) => kind)).toEqual(["quarantine", "transaction"]);
  const undecodable = createAssembly(byHash);
  dropped(undecodable, [block(3), note(3, 1)]);
  expect(undecodable.finish()).toEqual([note(3, 1)]);
});

it.each<[string, TaskRequest, readonly Item[], RegExp]>([
  ["a transaction", byHash, [block(3)], /tx-3-1 never arrived/],
  ["a transaction's block", byHash, [block(4), transaction(3, 1)], /without its block 3/],
  ["the result of an account query", balance, [], /without a result/],
  ["a height", heights, itemsOf(chain, 3, 6), /height 7 never arrived/],
  ["a part of a height", heights, itemsOf(chain, 3, 7).slice(0, -1), /declares 3 transactions, but 2/],
])("refuses an end without %s", (_case, request, items, message) => {
  const assembly = createAssembly(request);
  dropped(assembly, items);
  expect(() => assembly.finish()).toThrow(message);
});

it("delivers one result of an account query, of its kind", () => {
  const assembly = createAssembly(balance);
  const items: Item[] = [{ kind: "reward", height: 5, rewards: [] }, balanceAt(5), balanceAt(5)];
  expect(dropped(assembly, items)).toEqual(["unexpected", undefined, "doubled"]);
  expect(assembly.incompleteBytes).toBe(10);
  expect(assembly.finish()).toEqual([balanceAt(5)]);
});

it("sorts the transactions of a height by position, after its notes", () => {
  const assembly = createAssembly(heights);
  dropped(assembly, [block(3), transaction(3, 2), note(3, 1), transaction(3, 0)]);
  expect(assembly.takeComplete()).toMatchObject([
    { kind: "quarantine", index: 1 },
    { kind: "height", transactions: [{ index: 0 }, { index: 2 }] },
  ]);
  expect(assembly.takeComplete()).toEqual([]);
});
