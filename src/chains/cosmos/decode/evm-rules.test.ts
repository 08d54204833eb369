// Ethereum transactions in Cosmos messages: raw bytes, packed fields, senders and events.
import { describe, expect, it } from "vitest";
import { serializeTransaction, type Hex } from "viem";
import { decodeOne, nodeEvent, protobuf, type ProtobufValue } from "../../../testing/cosmos-decoding.js";
import { alice, expectedAmount, party } from "../../../testing/cosmos-message-parts.js";
import type { NodeEvent } from "./node-events.js";
import type { SubEvent } from "../../../domain/transaction.js";

const typeUrl = "/ethermint.evm.v1.MsgEthereumTx";
const from: Hex = `0x${"bb".repeat(20)}`;
const to: Hex = `0x${"aa".repeat(20)}`;
const decode = (
  fields: readonly (readonly [number, ProtobufValue])[],
  events: readonly NodeEvent[] = [],
  feeDenom?: string,
): SubEvent => decodeOne({ typeUrl, value: protobuf(...fields) }, events, feeDenom);
const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.slice(2), "hex");
const sender = (text: string): NodeEvent => nodeEvent("message", ["sender", text]);

const common = { nonce: 7, gas: 300n, to, value: 5n, data: "0xa9059cbb00", chainId: 1 } as const;
const gasPrice = 2n;
const lists = { accessList: [{ address: from, storageKeys: [] }] } as const;
const authorization = {
  address: to,
  chainId: 1,
  nonce: 1,
  r: `0x${"11".repeat(32)}`,
  s: `0x${"22".repeat(32)}`,
  yParity: 0,
} as const;
const signature = { r: `0x${"33".repeat(32)}`, s: `0x${"44".repeat(32)}`, yParity: 1 } as const;

describe("a raw Ethereum transaction", () => {
  it.each([
    ["0", serializeTransaction({ ...common, type: "legacy", gasPrice })],
    ["1", serializeTransaction({ ...common, ...lists, type: "eip2930", gasPrice }, signature)],
    ["2", serializeTransaction({ ...common, ...lists, type: "eip1559", maxFeePerGas: gasPrice }, signature)],
    [
      "4",
      serializeTransaction(
        { ...common, ...lists, type: "eip7702", maxFeePerGas: gasPrice, authorizationList: [authorization] },
        signature,
      ),
    ],
  ])("of type %s has its nonce, gas, recipient, value and selector", (type, serialized) => {
    const amount = expectedAmount("5", "aevmos");
    expect(
      decode(
        [
          [5, bytesOf(from)],
          [6, bytesOf(serialized)],
        ],
        [],
        "aevmos",
      ),
    ).toEqual({
      type: ["ethereum_tx"],
      module: "evm",
      sender: [party(from, amount)],
      recipient: [party(to, amount)],
      nonce: "7",
      additional: { ethereum_type: [type], gas: ["300"], to: [to], selector: ["0xa9059cbb"] },
    });
  });

  it("counts values in wei if the fee has no denomination, and has no amount without a value", () => {
    const raw = (value: bigint): Uint8Array =>
      bytesOf(serializeTransaction({ ...common, value, type: "legacy", gasPrice }));
    expect(decode([[6, raw(5n)]]).recipient).toEqual([party(to, expectedAmount("5", "wei"))]);
    expect(decode([[6, raw(0n)]]).recipient).toEqual([party(to)]);
  });

  it("that creates a contract has no recipient, and a large number is exact", () => {
    const nonce = Number.MAX_SAFE_INTEGER;
    const { to: _to, ...rest } = common;
    const serialized = serializeTransaction({ ...rest, nonce, gas: 0n, type: "legacy", gasPrice });
    const { recipient, nonce: found, additional } = decode([[6, bytesOf(serialized)]]);
    expect(recipient).toBeUndefined();
    expect(found).toBe("9007199254740991");
    expect(additional).toEqual({ ethereum_type: ["0"], gas: ["0"], selector: ["0xa9059cbb"] });
  });

  it.each([
    ["of an unknown type", [5, 0xc1, 1]],
    ["that is not a list", [1, 0x81, 0x80]],
    ["that is cut off", [2, 0xc3, 1]],
  ])("%s has no fields", (_, bytes) => {
    expect(decode([[6, Uint8Array.from(bytes)]])).toEqual({ type: ["ethereum_tx"], module: "evm" });
  });
});

describe("a packed Ethereum transaction", () => {
  const packed = (name: string, ...fields: readonly (readonly [number, ProtobufValue])[]): Uint8Array =>
    protobuf([1, `/ethermint.evm.v1.${name}`], [2, protobuf(...fields)]);

  it.each([
    [
      "0",
      packed("LegacyTx", [1, 9n], [2, "1"], [3, 21_000n], [4, to], [5, "6"], [6, bytesOf("0x12345678ff")]),
    ],
    [
      "1",
      packed(
        "AccessListTx",
        [1, "1"],
        [2, 9n],
        [3, "1"],
        [4, 21_000n],
        [5, to],
        [6, "6"],
        [7, bytesOf("0x12345678")],
      ),
    ],
    [
      "2",
      packed(
        "DynamicFeeTx",
        ...([
          [1, "1"],
          [2, 9n],
          [3, "1"],
          [4, "1"],
          [5, 21_000n],
          [6, to],
          [7, "6"],
          [8, bytesOf("0x12345678")],
        ] as const),
      ),
    ],
  ])("of type %s has its fields", (type, data) => {
    expect(
      decode(
        [
          [1, data],
          [4, from],
        ],
        [],
        "aphoton",
      ),
    ).toEqual({
      type: ["ethereum_tx"],
      module: "evm",
      sender: [party(from, expectedAmount("6", "aphoton"))],
      recipient: [party(to, expectedAmount("6", "aphoton"))],
      node: { deprecated_from: [{ id: from }] },
      nonce: "9",
      additional: { ethereum_type: [type], gas: ["21000"], to: [to], selector: ["0x12345678"] },
    });
  });

  it("without values has zeros, and of an unknown type nothing", () => {
    expect(decode([[1, packed("LegacyTx")]])).toEqual({
      type: ["ethereum_tx"],
      module: "evm",
      nonce: "0",
      additional: { ethereum_type: ["0"], gas: ["0"] },
    });
    expect(decode([[1, packed("OtherTx", [1, 9n])]])).toEqual({ type: ["ethereum_tx"], module: "evm" });
  });
});

describe("the sender of an Ethereum transaction", () => {
  it("is the field of 20 bytes, else the older field, else an event's 0x account, else its first account", () => {
    const events = [sender(alice), sender(to.toUpperCase().replace("0X", "0x"))];
    expect(
      decode(
        [
          [5, bytesOf(from)],
          [4, to],
        ],
        events,
      ).sender,
    ).toEqual([party(from)]);
    expect(
      decode(
        [
          [5, new Uint8Array(19)],
          [4, from],
        ],
        events,
      ).sender,
    ).toEqual([party(from)]);
    expect(decode([], events).sender).toEqual([party(to)]);
    expect(decode([], [sender(alice)]).sender).toEqual([party(alice)]);
    expect(decode([]).sender).toBeUndefined();
  });

  it("is not repeated among the accounts of the events", () => {
    const { node } = decode([[5, bytesOf(from)]], [sender(alice), sender(from), sender("evm")]);
    expect(node).toEqual({ account: [{ id: alice }] });
  });
});

it("the events of an Ethereum transaction name its hash once and its errors", () => {
  const events = [
    nodeEvent("ethereum_tx", ["ethereumTxHash", "0xab"]),
    nodeEvent("ethereum_tx", ["ethereumTxHash", "0xab"], ["ethereumTxFailed", "execution reverted"]),
  ];
  expect(decode([], events).additional).toEqual({
    ethereum_hash: ["0xab"],
    ethereum_error: ["execution reverted"],
  });
});
