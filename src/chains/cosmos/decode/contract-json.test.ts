// Accounts in the JSON of contract messages.
import { describe, expect, it } from "vitest";
import { testAddress } from "../../../testing/cosmos-generator.js";
import { accountsInJson } from "./contract-json.js";

const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => testAddress(name));
const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

describe("the JSON of a contract's message", () => {
  it("contains accounts at any depth", () => {
    const json = { mint: { owner: alice, to: [{ who: bob }, null], note: `for ${carol}`, amount: "5" } };
    expect(accountsInJson(JSON.stringify(json)).sort()).toEqual([alice, bob].sort());
  });

  it("contains accounts in nested base64 messages", () => {
    const hook = packed({ swap: { to: bob, then: packed({ send: { recipient: carol } }) } });
    const json = JSON.stringify({ send: { contract: alice, amount: "1", msg: hook } });
    expect(accountsInJson(json).sort()).toEqual([alice, bob, carol].sort());
  });

  it.each([
    ["not JSON", "{"],
    ["a number", "5"],
    ["base64 that is not JSON", JSON.stringify({ msg: packed({}).slice(0, 3) })],
    ["a text above the length limit", JSON.stringify({ a: alice, b: "x".repeat(70_000) })],
    ["ten thousand nested lists", `${"[".repeat(10_000)}1${"]".repeat(10_000)}`],
  ])("that is %s contains no accounts", (_, text) => {
    expect(accountsInJson(text)).toEqual([]);
  });
});
