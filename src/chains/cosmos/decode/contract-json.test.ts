// Accounts out of the JSON that contracts take.
import { describe, expect, it } from "vitest";
import { testAddress } from "../../../testing/cosmos-generator.js";
import { accountsInJson } from "./contract-json.js";

const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => testAddress(name));
const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

describe("the JSON of a contract's message", () => {
  it("names accounts in any place", () => {
    const json = { mint: { owner: alice, to: [{ who: bob }, null], note: `for ${carol}`, amount: "5" } };
    expect(accountsInJson(JSON.stringify(json)).sort()).toEqual([alice, bob].sort());
  });

  it("names accounts in the messages that it passes on in base64", () => {
    const hook = packed({ swap: { to: bob, then: packed({ send: { recipient: carol } }) } });
    const json = JSON.stringify({ send: { contract: alice, amount: "1", msg: hook } });
    expect(accountsInJson(json).sort()).toEqual([alice, bob, carol].sort());
  });

  it.each([
    ["no JSON", "{"],
    ["a number", "5"],
    ["base64 of no JSON", JSON.stringify({ msg: packed({}).slice(0, 3) })],
    ["a text that is too long to look into", JSON.stringify({ a: alice, b: "x".repeat(70_000) })],
    ["lists in lists, ten thousand deep", `${"[".repeat(10_000)}1${"]".repeat(10_000)}`],
  ])("that is %s names none", (_, text) => {
    expect(accountsInJson(text)).toEqual([]);
  });
});
