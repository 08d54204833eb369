// Who gave and got what, off the bank's events in the forms that versions of the SDK write.
import { describe, expect, it } from "vitest";
import { transfersFromEvents, createTransfer } from "./transfers.js";
import { parseCoins } from "./coins.js";
import type { NodeEvent } from "./node-events.js";

const event = (type: string, attributes: Readonly<Record<string, string>>): NodeEvent => ({
  type,
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
});
const got = [
  createTransfer("bob", parseCoins("4stake")),
  createTransfer("carol", parseCoins("6stake,2ufoo")),
];
const given = [createTransfer("alice", parseCoins("10stake,2ufoo"))];

describe("the money of a multi-send", () => {
  it("has the giver from what was spent, where transfers name none", () => {
    const events = [
      event("coin_spent", { spender: "alice", amount: "10stake,2ufoo" }),
      event("coin_received", { receiver: "bob", amount: "4stake" }),
      event("transfer", { recipient: "bob", amount: "4stake" }),
      event("coin_received", { receiver: "carol", amount: "6stake,2ufoo" }),
      event("transfer", { recipient: "carol", amount: "6stake,2ufoo" }),
    ];
    expect(transfersFromEvents(events)).toMatchObject({ send: got, spend: given, reward: [] });
  });

  it("has no giver where nothing tells one, and never one twice", () => {
    const silent = [
      event("transfer", { recipient: "bob", amount: "4stake" }),
      event("transfer", { recipient: "carol", amount: "6stake,2ufoo" }),
    ];
    expect(transfersFromEvents(silent)).toMatchObject({ send: got, spend: [] });
    const named = [
      event("coin_spent", { spender: "alice", amount: "4stake" }),
      event("transfer", { recipient: "bob", sender: "alice", amount: "4stake" }),
    ];
    expect(transfersFromEvents(named).spend).toEqual([createTransfer("alice", parseCoins("4stake"))]);
  });
});
