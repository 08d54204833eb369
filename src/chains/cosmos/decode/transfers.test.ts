// Transfers from the bank's events, in the formats of several SDK versions.
import { describe, expect, it } from "vitest";
import { transfersFromEvents, createTransfer } from "./transfers.js";
import { parseCoins } from "./coins.js";
import type { NodeEvent } from "./node-events.js";

const event = (type: string, attributes: Readonly<Record<string, string>>): NodeEvent => ({
  type,
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
});
const credited = [
  createTransfer("bob", parseCoins("4stake")),
  createTransfer("carol", parseCoins("6stake,2ufoo")),
];
const debited = [createTransfer("alice", parseCoins("10stake,2ufoo"))];

describe("the transfers of a multi-send", () => {
  it("take the debited account from coin_spent if the transfer events have no sender", () => {
    const events = [
      event("coin_spent", { spender: "alice", amount: "10stake,2ufoo" }),
      event("coin_received", { receiver: "bob", amount: "4stake" }),
      event("transfer", { recipient: "bob", amount: "4stake" }),
      event("coin_received", { receiver: "carol", amount: "6stake,2ufoo" }),
      event("transfer", { recipient: "carol", amount: "6stake,2ufoo" }),
    ];
    expect(transfersFromEvents(events)).toMatchObject({ send: credited, spend: debited, reward: [] });
  });

  it("have no debited account if no event names one, and each only once", () => {
    const withoutSender = [
      event("transfer", { recipient: "bob", amount: "4stake" }),
      event("transfer", { recipient: "carol", amount: "6stake,2ufoo" }),
    ];
    expect(transfersFromEvents(withoutSender)).toMatchObject({ send: credited, spend: [] });
    const withSender = [
      event("coin_spent", { spender: "alice", amount: "4stake" }),
      event("transfer", { recipient: "bob", sender: "alice", amount: "4stake" }),
    ];
    expect(transfersFromEvents(withSender).spend).toEqual([createTransfer("alice", parseCoins("4stake"))]);
  });
});
