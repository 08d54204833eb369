// Boundaries of the decoding rules, each with the value on both sides.
import { bech32 } from "@scure/base";
import { BinaryWriter } from "cosmjs-types/binary";
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { AuthInfo } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { FungibleTokenPacketData } from "cosmjs-types/ibc/applications/transfer/v1/packet";
import * as channelV2 from "cosmjs-types/ibc/core/channel/v2/tx";
import { describe, expect, it } from "vitest";
import { testAddress, makeTransaction, pack } from "../../../testing/cosmos-generator.js";
import { send } from "../../../testing/cosmos-message-parts.js";
import type { SubEvent } from "../../../domain/transaction.js";
import { accountPrefix, addressPrefix, normalizeAddress } from "./addresses.js";
import { parseCoins } from "./coins.js";
import { accountsInJson } from "./contract-json.js";
import { buildEvent } from "./event-builder.js";
import { valuesFromEvents } from "./event-values.js";
import { formatTimestamp, readFields } from "./fields.js";
import { decodeMessage } from "./messages.js";
import { eventsByMessage, splitExecEvents, type NodeEvent } from "./node-events.js";
import { unknownResult, type RawCosmosResult } from "./raw-height.js";
import { readRlpList } from "./rlp.js";
import { findSigners } from "./signing.js";
import { decodeCosmosTransaction } from "./transaction.js";
import { createTransfer, transfersFromEvents } from "./transfers.js";
import { findAddresses, hasOnlyByteFields } from "./wire.js";

const [alice, bob] = [testAddress("alice"), testAddress("bob")];
const event = (type: string, ...attributes: (readonly [key: string, value: string])[]): NodeEvent => ({
  type,
  attributes: attributes.map(([key, value]) => ({ key, value })),
});
const decode = (typeUrl: string, value: Uint8Array, events: readonly NodeEvent[] = []): SubEvent =>
  buildEvent(decodeMessage({ typeUrl, value }, { events, feeDenom: undefined }).parts);
const success: RawCosmosResult = {
  code: 0,
  codespace: "",
  log: "",
  gasWanted: 0n,
  gasUsed: 0n,
  events: [],
};

describe("addresses", () => {
  it("of 32 bytes are accepted with the longest prefix", () => {
    const address = bech32.encode("a".repeat(41), bech32.toWords(new Uint8Array(32)), false);
    expect(normalizeAddress(address)).toBe(address);
  });

  it("have no prefix if they are hexadecimal, and no account prefix if it is only a suffix of validators", () => {
    expect(addressPrefix(`0x1${"a".repeat(39)}`)).toBeUndefined();
    expect(accountPrefix(bech32.encode("valoper", bech32.toWords(new Uint8Array(20))))).toBeUndefined();
    expect(accountPrefix(testAddress("v", "testvaloper"))).toBe("test");
  });

  it("in messages of 65,536 characters are found, in longer ones not", () => {
    const padded = (length: number): string => {
      const json = JSON.stringify({ to: alice, pad: "" });
      return json.replace('"pad":""', `"pad":"${"x".repeat(length - json.length)}"`);
    };
    expect(accountsInJson(padded(65_536))).toEqual([alice]);
    expect(accountsInJson(padded(65_537))).toEqual([]);
  });

  it("in unknown bytes are found six messages deep, not seven", () => {
    const nested = (depth: number): Uint8Array =>
      new BinaryWriter()
        .uint32(10)
        .bytes(depth === 0 ? Buffer.from(alice) : nested(depth - 1))
        .finish();
    expect(findAddresses(nested(6))).toEqual([alice]);
    expect(findAddresses(nested(7))).toEqual([]);
  });
});

describe("fields", () => {
  it("repeat up to 1,024 bytes in base64, and give the size of longer ones", () => {
    const additional = (length: number): unknown => [
      ...readFields({ blob: new Uint8Array(length) }).additional,
    ];
    expect(additional(1_024)).toEqual([["blob", [Buffer.alloc(1_024).toString("base64")]]]);
    expect(additional(1_025)).toEqual([["blob.size", ["1025"]]]);
  });

  it("keep the original spelling beside a canonical account", () => {
    const { roles, additional } = readFields({ granter: alice.toUpperCase(), grantee: bob });
    expect([...roles]).toEqual([
      ["granter", [alice]],
      ["grantee", [bob]],
    ]);
    expect([...additional]).toEqual([["granter", [alice.toUpperCase()]]]);
  });

  it("with timestamps cover the years 1 to 9999", () => {
    expect(formatTimestamp({ seconds: 253_402_300_799n, nanos: 0 })).toBe("9999-12-31T23:59:59Z");
    expect(formatTimestamp({ seconds: 253_402_300_800n, nanos: 0 })).toBeUndefined();
    expect(formatTimestamp({ seconds: -62_135_596_800n, nanos: 0 })).toBe("0001-01-01T00:00:00Z");
    expect(formatTimestamp({ seconds: -62_135_596_801n, nanos: 0 })).toBeUndefined();
  });

  it("with durations have no trailing zeros", () => {
    expect([...readFields({ period: { seconds: 5n, nanos: 120_000_000 } }).additional]).toEqual([
      ["period", ["5.12s"]],
    ]);
    expect([...readFields({ period: { seconds: 5n, nanos: 0 } }).additional]).toEqual([["period", ["5s"]]]);
  });
});

describe("transfers of events", () => {
  it("add spenders that no transfer names, and no spender twice", () => {
    const { spend } = transfersFromEvents([
      event("coin_spent", ["spender", alice], ["amount", "4stake"]),
      event("transfer", ["recipient", bob], ["sender", alice], ["amount", "4stake"]),
      event("coin_spent", ["spender", bob], ["amount", "1stake"]),
      event("transfer", ["recipient", alice], ["amount", "1stake"]),
    ]);
    expect(spend).toEqual([
      createTransfer(alice, parseCoins("4stake")),
      createTransfer(bob, parseCoins("1stake")),
    ]);
  });

  it("without a sender are rewards only for the withdrawn amount", () => {
    const { send: sent, reward } = transfersFromEvents([
      event("withdraw_rewards", ["amount", "7stake"], ["validator", "v"]),
      event("transfer", ["recipient", alice], ["amount", "7stake"]),
      event("transfer", ["recipient", bob], ["amount", "8stake"]),
    ]);
    expect(reward).toEqual([createTransfer(alice, parseCoins("7stake"))]);
    expect(sent).toEqual([createTransfer(bob, parseCoins("8stake"))]);
  });
});

describe("events of messages", () => {
  const action = (value: string): NodeEvent => event("message", ["action", value]);
  const types = ["/cosmos.bank.v1beta1.MsgSend", "/cosmos.bank.v1beta1.MsgSend"];

  it("ignore a log with another number of messages", () => {
    const log = JSON.stringify([{ events: [] }]);
    const indexed = [event("a", ["msg_index", "1"])];
    expect(eventsByMessage({ log, events: indexed }, types)).toEqual([[], indexed]);
  });

  it("start at the action of a short name or of the message's own type", () => {
    const short = [action("send"), event("a"), action("send"), event("b")];
    expect(eventsByMessage({ log: "", events: short }, types)).toEqual([short.slice(0, 2), short.slice(2)]);
    const other = [action(types[0] ?? ""), action("/other.v1.MsgInner"), event("a")];
    expect(eventsByMessage({ log: "", events: other }, types)).toEqual([other, []]);
  });

  it("of an exec without indexes belong to its message only if it is a single one", () => {
    const events = [event("a")];
    expect(splitExecEvents(events, 1)).toEqual({ inner: [events], own: [] });
    expect(splitExecEvents(events, 2)).toEqual({ inner: [[], []], own: events });
  });

  it("contain a value under the first key that has it", () => {
    const both = event("write_acknowledgement", ["packet_ack", "a"], ["packet_ack_hex", "62"]);
    expect([...valuesFromEvents([both])]).toEqual([["acknowledgement", ["a"]]]);
  });
});

describe("messages", () => {
  it("of cronos move coins from `from` to `to`", () => {
    const value = new BinaryWriter().uint32(10).string(alice).uint32(18).string(bob).finish();
    expect(decode("/cronos.MsgTransferTokens", value)).toMatchObject({
      sender: [{ account: { id: alice } }],
      recipient: [{ account: { id: bob } }],
    });
  });

  it("of IBC v2 have protobuf payloads, or JSON payloads of any other encoding", () => {
    const data = FungibleTokenPacketData.fromPartial({
      denom: "x",
      amount: "5",
      sender: alice,
      receiver: bob,
    });
    const message = (encoding: string, value: Uint8Array): SubEvent => {
      const packed = pack(
        channelV2.MsgSendPacket,
        channelV2.MsgSendPacket.fromPartial({ payloads: [{ encoding, value }], signer: alice }),
      );
      return decode(packed.typeUrl, packed.value);
    };
    const recipient = [createTransfer(bob, parseCoins("5x"))];
    expect(message("application/x-protobuf", FungibleTokenPacketData.encode(data).finish())).toMatchObject({
      recipient,
    });
    expect(message("application/json", Buffer.from(JSON.stringify(data)))).toMatchObject({ recipient });
  });

  it("do not decode a light client's header", () => {
    const typeUrl = "/ibc.lightclients.tendermint.v1.Header";
    const packed = pack(
      MsgGrantAllowance,
      MsgGrantAllowance.fromPartial({
        granter: alice,
        allowance: { typeUrl, value: new Uint8Array([0x22, 0]) },
      }),
    );
    const [inner] = decode(packed.typeUrl, packed.value).sub ?? [];
    expect(inner).toEqual({
      type: [],
      action: "header",
      module: "ibc",
      additional: { "allowance.type_url": [typeUrl] },
    });
  });

  it.each([
    [4, 9],
    [3, 9],
  ])("of Ethereum have a selector only with four bytes of data: %d", (length, nonce) => {
    const items = [nonce, 1, 2].map((byte) => Uint8Array.of(byte));
    const data = new Uint8Array(length).fill(0xab);
    const body = Buffer.concat([...items, Uint8Array.of(0x80, 0x80), Uint8Array.of(0x80 + length), data]);
    const raw = Buffer.concat([Uint8Array.of(0xc0 + body.length), body]);
    const value = new BinaryWriter().uint32(50).bytes(raw).finish();
    const { additional, nonce: found } = decode("/cosmos.evm.vm.v1.MsgEthereumTx", value);
    expect(found).toBe("9");
    expect(additional?.["selector"]).toEqual(length < 4 ? undefined : ["0xabababab"]);
  });

  it("of Ethereum type 3 have gas at position 4 and the recipient at position 5", () => {
    const item = (bytes: Uint8Array): Uint8Array =>
      Buffer.concat([Uint8Array.of(0x80 + bytes.length), bytes]);
    const to = new Uint8Array(20).fill(0xcc);
    const body = Buffer.concat([Uint8Array.of(1, 7, 2, 3, 9), item(to), Uint8Array.of(5, 0x80)]);
    const raw = Buffer.concat([Uint8Array.of(3, 0xc0 + body.length), body]);
    const value = new BinaryWriter().uint32(50).bytes(raw).finish();
    expect(decode("/cosmos.evm.vm.v1.MsgEthereumTx", value)).toMatchObject({
      nonce: "7",
      additional: { ethereum_type: ["3"], gas: ["9"], to: [`0x${"cc".repeat(20)}`] },
    });
  });
});

describe("signers", () => {
  const info = (key: Uint8Array): AuthInfo =>
    AuthInfo.fromPartial({ signerInfos: [{ publicKey: pack(PubKey, { key }) }] });
  const payer = (...attributes: (readonly [string, string])[]): RawCosmosResult => ({
    ...success,
    events: [event("tx", ...attributes)],
  });

  it("come from `fee_payer`, else from `acc_seq`, and are none if both are empty", () => {
    const none = AuthInfo.fromPartial({});
    expect(findSigners(none, [], payer(["fee_payer", alice], ["acc_seq", `${bob}/3`]))).toEqual([alice]);
    expect(findSigners(none, [], payer(["acc_seq", `${bob}/3`]))).toEqual([bob]);
    expect(findSigners(none, [], payer(["fee_payer", ""]))).toEqual([]);
  });

  it("come from keys of 33 bytes only", () => {
    const result = payer(["fee_payer", alice]);
    expect(findSigners(info(new Uint8Array(33).fill(2)), [], result)).not.toEqual([alice]);
    expect(findSigners(info(new Uint8Array(32).fill(2)), [], result)).toEqual([alice]);
  });
});

describe("transactions", () => {
  const block = { chainId: "test-1", height: 5, hash: "AB", time: 0n, transactions: [] };
  const chain = { network: "cosmos", chainId: "test-1" };
  const bytes = makeTransaction([send]);

  it("with an unknown result have its reason as fault and error", () => {
    const decoded = decodeCosmosTransaction({
      chain,
      block,
      index: 0,
      bytes,
      result: unknownResult("Lost."),
    });
    expect(decoded.fault).toBe("Lost.");
    expect(decoded.transaction).toMatchObject({ hasErrors: true, events: [{ sub: [{ error: "Lost." }] }] });
  });

  it("that failed without a log have their code as error", () => {
    const result = { ...success, code: 11 };
    const { transaction } = decodeCosmosTransaction({ chain, block, index: 0, bytes, result });
    expect(transaction.events[0]?.sub[0]?.error).toBe("code 11");
  });

  it("have only complete length-delimited fields", () => {
    expect(hasOnlyByteFields(Uint8Array.of(10, 1, 7), new Set([1]))).toBe(true);
    expect(hasOnlyByteFields(Uint8Array.of(10, 2, 7), new Set([1]))).toBe(false);
    expect(hasOnlyByteFields(Uint8Array.of(8, 1), new Set([1]))).toBe(false);
    expect(hasOnlyByteFields(Uint8Array.of(18, 1, 7), new Set([1]))).toBe(false);
  });
});

it("an RLP item that exceeds its list makes the list invalid", () => {
  expect(readRlpList(Uint8Array.of(0xc2, 0x82, 1, 2))).toBeUndefined();
  expect(readRlpList(Uint8Array.of(0xc3, 0x82, 1, 2))).toEqual([Uint8Array.of(1, 2)]);
});

it("an exec without events has no transfers", () => {
  const packed = pack(MsgExec, { grantee: alice, msgs: [send] });
  expect(decode(packed.typeUrl, packed.value).transfers).toBeUndefined();
});
