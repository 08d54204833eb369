// Token transfers in logs: kinds, parties, currencies and amounts, and the logs that stay raw.
import { encodeAbiParameters } from "viem";
import { describe, expect, it } from "vitest";
import type { Amount } from "../../domain/amount.js";
import type { SubEvent } from "../../domain/transaction.js";
import { decodeLog } from "./decode-log.js";
import { MalformedError } from "./fields.js";

const token = `0x${"70".repeat(20)}`;
const [alice, bob, operator] = ["a1", "b0", "0f"].map((byte) => `0x${byte.repeat(20)}`) as [
  string,
  string,
  string,
];
const zero = `0x${"00".repeat(20)}`;
const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const singleTopic = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62";
const batchTopic = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb";
const topicOf = (address: string): string => `0x${"00".repeat(12)}${address.slice(2)}`;
const wordsOf = (...numbers: readonly bigint[]): string =>
  `0x${numbers.map((number) => number.toString(16).padStart(64, "0")).join("")}`;
const log = (topics: readonly string[], data: string): { kind: string; sub: SubEvent } =>
  decodeLog({ address: token, topics, data, logIndex: "0x1f" });
const units = (numeric: string, currency: string): Amount => ({ text: numeric, currency, numeric, exp: 0 });
const raw = (topics: readonly string[], data: string): unknown => ({
  kind: topics[0] ?? "log",
  sub: {
    type: [topics[0] ?? "log"],
    module: token,
    additional: { logIndex: ["31"], topics, data: [data] },
  },
});

describe("an ERC-20 transfer", () => {
  const topics = (from: string, to: string): string[] => [transferTopic, topicOf(from), topicOf(to)];

  it("has its exact units, from the first to the second account", () => {
    const amounts = [units(`${2n ** 256n - 1n}`, token)];
    expect(log(topics(alice, bob), wordsOf(2n ** 256n - 1n))).toEqual({
      kind: "erc20_transfer",
      sub: {
        type: ["erc20_transfer"],
        action: "transfer",
        module: token,
        sender: [{ account: { id: alice }, amounts }],
        recipient: [{ account: { id: bob }, amounts }],
        additional: { logIndex: ["31"] },
      },
    });
  });

  it("is a mint from the zero address, and a burn to it", () => {
    expect(log(topics(zero, bob), wordsOf(1n)).sub.action).toBe("mint");
    expect(log(topics(alice, zero), wordsOf(1n)).sub.action).toBe("burn");
  });

  it.each([
    ["two words", topics(alice, bob), wordsOf(1n, 2n)],
    ["no data", topics(alice, bob), "0x"],
    ["half a word", topics(alice, bob), `0x${"00".repeat(16)}`],
    ["one and a half words", topics(alice, bob), `${wordsOf(1n)}${"00".repeat(16)}`],
    [
      "a topic that is not an address",
      [transferTopic, `0x01${topicOf(alice).slice(4)}`, topicOf(bob)],
      wordsOf(1n),
    ],
    [
      "a second topic that is not an address",
      [transferTopic, topicOf(alice), wordsOf(2n ** 200n)],
      wordsOf(1n),
    ],
    ["two topics", [transferTopic, topicOf(alice)], wordsOf(1n)],
    ["five topics", [...topics(alice, bob), wordsOf(7n), wordsOf(8n)], "0x"],
  ])("with %s stays raw", (_, given, data) => {
    expect(log(given, data)).toEqual(raw(given, data));
  });
});

describe("an ERC-721 transfer", () => {
  const topics = [transferTopic, topicOf(alice), topicOf(bob), wordsOf(258n)];

  it("moves one token, whose id is part of the currency", () => {
    const amounts = [units("1", `erc721:${token}/258`)];
    expect(log(topics, "0x")).toEqual({
      kind: "erc721_transfer",
      sub: {
        type: ["erc721_transfer"],
        action: "transfer",
        module: token,
        sender: [{ account: { id: alice }, amounts }],
        recipient: [{ account: { id: bob }, amounts }],
        additional: { logIndex: ["31"] },
      },
    });
  });

  it("with data, or with a topic that is not an address, stays raw", () => {
    expect(log(topics, wordsOf(1n))).toEqual(raw(topics, wordsOf(1n)));
    for (const position of [1, 2]) {
      const given = topics.with(position, wordsOf(2n ** 200n));
      expect(log(given, "0x")).toEqual(raw(given, "0x"));
    }
  });
});

describe("an ERC-1155 transfer", () => {
  const single = [singleTopic, topicOf(operator), topicOf(alice), topicOf(bob)];
  const batch = single.with(0, batchTopic);
  const batchData = (ids: readonly bigint[], amounts: readonly bigint[]): string =>
    encodeAbiParameters([{ type: "uint256[]" }, { type: "uint256[]" }], [ids, amounts]);
  const expected = (amounts: readonly Amount[]): unknown => ({
    kind: "erc1155_transfer",
    sub: {
      type: ["erc1155_transfer"],
      action: "transfer",
      module: token,
      sender: [{ account: { id: alice }, amounts }],
      recipient: [{ account: { id: bob }, amounts }],
      node: { operator: [{ id: operator }] },
      additional: { logIndex: ["31"] },
    },
  });

  it("of one token has its id, its units and its operator", () => {
    expect(log(single, wordsOf(7n, 500n))).toEqual(expected([units("500", `erc1155:${token}/7`)]));
  });

  it("of several tokens has an amount for each, in order", () => {
    expect(log(batch, batchData([7n, 8n], [500n, 600n]))).toEqual(
      expected([units("500", `erc1155:${token}/7`), units("600", `erc1155:${token}/8`)]),
    );
  });

  it.each([
    ["one word", single, wordsOf(7n)],
    ["three words", single, wordsOf(7n, 500n, 1n)],
    ["three topics", single.slice(0, 3), wordsOf(7n, 500n)],
    ["an operator that is not an address", single.with(1, wordsOf(2n ** 200n)), wordsOf(7n, 500n)],
    ["a sender that is not an address", single.with(2, wordsOf(2n ** 200n)), wordsOf(7n, 500n)],
    ["a recipient that is not an address", single.with(3, wordsOf(2n ** 200n)), wordsOf(7n, 500n)],
    ["more ids than amounts", batch, batchData([7n, 8n], [500n])],
    ["data that is not two lists", batch, wordsOf(7n, 500n)],
  ])("with %s stays raw", (_, given, data) => {
    expect(log(given, data)).toEqual(raw(given, data));
  });
});

describe("a log of another kind", () => {
  it("has its first topic as kind, or `log` without topics", () => {
    expect(log([wordsOf(5n)], "0xab")).toEqual(raw([wordsOf(5n)], "0xab"));
    expect(log([], "0x")).toEqual(raw([], "0x"));
  });

  it("is in lower case, and malformed without a field", () => {
    const fields = {
      address: token.toUpperCase().replace("0X", "0x"),
      topics: ["0xAB"],
      data: "0xCD",
      logIndex: "0x0",
    };
    expect(decodeLog(fields)).toEqual({
      kind: "0xab",
      sub: {
        type: ["0xab"],
        module: token,
        additional: { logIndex: ["0"], topics: ["0xab"], data: ["0xcd"] },
      },
    });
    for (const key of ["address", "data", "logIndex"] as const)
      expect(() => decodeLog({ ...fields, [key]: undefined })).toThrow(MalformedError);
  });
});
