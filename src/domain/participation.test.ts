import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainData } from "../testing/chain-data.js";
import { matchesTransaction } from "./match.js";
import type { Bounds, ListFilter, TransactionFilter } from "./search.js";
import { participation, type SubEvent } from "./transaction.js";

const account = (id: string): { id: string } => ({ id });
const transfer = (id: string): { account: { id: string }; amounts: [] } => ({
  account: account(id),
  amounts: [],
});

describe("participation", () => {
  it("collects types, senders, recipients and parties from each role and nested action, once, in order", () => {
    const inner: SubEvent = { type: ["inner"], sender: [transfer("inner-sender")] };
    const sub: SubEvent = {
      type: ["send", "send"],
      sender: [transfer("alice"), transfer("")],
      recipient: [transfer("bob"), transfer("alice")],
      node: { validator: [account("val")] },
      transfers: { reward: [transfer("fund")] },
      sub: [inner],
    };
    expect(participation([{ id: "0", kind: "send", sub: [sub, { type: ["vote"] }] }])).toEqual({
      types: ["send", "inner", "vote"],
      parties: ["alice", "bob", "val", "fund", "inner-sender"],
      senders: ["alice", "inner-sender"],
      recipients: ["bob", "alice"],
    });
  });

  it("is empty for a transaction without events", () => {
    expect(participation([])).toEqual({ types: [], parties: [], senders: [], recipients: [] });
  });
});

describe("matchesTransaction", () => {
  const transactions = chainData(5, 5).flatMap((height) => height.transactions);
  const transaction = {
    ...transactions[0]!,
    types: ["send", "vote"],
    parties: ["a", "b", "c"],
    senders: ["a"],
    recipients: ["b"],
  };
  const matches = (filter: TransactionFilter): boolean => matchesTransaction(filter, transaction);

  it.each<[TransactionFilter, TransactionFilter]>([
    [{ network: "test" }, { network: "other" }],
    [{ chainIds: ["x", "test-1"] }, { chainIds: ["x"] }],
    [{ hash: transaction.hash }, { hash: "x" }],
    [{ blockHash: transaction.blockHash }, { blockHash: "x" }],
    [{ hasErrors: false }, { hasErrors: true }],
    [{ memo: "anything" }, { epoch: "1" }],
    [{ types: { any: ["x", "vote"] } }, { types: { any: ["x"] } }],
    [{ types: { all: ["send", "vote"] } }, { types: { all: ["send", "x"] } }],
    [{ accounts: { any: ["c"] } }, { accounts: { any: ["d"] } }],
    [{ senders: { any: ["a"] } }, { senders: { any: ["b"] } }],
    [{ recipients: { any: ["b"] } }, { recipients: { any: ["a"] } }],
    [{ time: { gt: transaction.time - 1n } }, { time: { gt: transaction.time } }],
  ])("matches the first filter of case %# and not the second", (accepted, rejected) => {
    expect(matches(accepted)).toBe(true);
    expect(matches(rejected)).toBe(false);
    expect(matches({ ...accepted, ...rejected })).toBe(false);
  });

  it("compares bounds as numbers and lists as sets", () => {
    const near = fc.option(fc.integer({ min: 3, max: 7 }), { nil: undefined });
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 });
    fc.assert(
      fc.property(
        fc.record({ eq: near, gte: near, gt: near, lte: near, lt: near }),
        names,
        fc.boolean(),
        (all, list, any) => {
          const heights = Object.fromEntries(
            Object.entries(all).filter(([, bound]) => bound !== undefined),
          ) as Bounds<number>;
          const inside = [3, 4, 5, 6, 7]
            .filter((height) => heights.eq === undefined || height === heights.eq)
            .filter((height) => height >= (heights.gte ?? 0) && height > (heights.gt ?? 0))
            .filter((height) => height <= (heights.lte ?? 9) && height < (heights.lt ?? 9))
            .includes(5);
          expect(matches({ heights })).toBe(inside);
          const accounts: ListFilter = any ? { any: list } : { all: list };
          const common = list.filter((name) => name !== "d").length;
          expect(matches({ accounts })).toBe(any ? common > 0 : common === list.length);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
