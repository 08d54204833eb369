// IBC packets: senders, recipients, coins, nested messages and texts, by their exact events.
import { CosmosTx } from "cosmjs-types/ibc/applications/interchain_accounts/v1/packet";
import { MsgSendTx } from "cosmjs-types/ibc/applications/interchain_accounts/controller/v1/tx";
import { MsgTransfer } from "cosmjs-types/ibc/applications/transfer/v1/tx";
import * as channelV1 from "cosmjs-types/ibc/core/channel/v1/tx";
import * as channelV2 from "cosmjs-types/ibc/core/channel/v2/tx";
import { describe, expect, it } from "vitest";
import { decodeOne, protobuf } from "../../../testing/cosmos-decoding.js";
import { pack } from "../../../testing/cosmos-generator.js";
import {
  alice,
  bob,
  coin,
  expectedAmount,
  huge,
  party,
  relayer,
  send,
} from "../../../testing/cosmos-message-parts.js";
import type { SubEvent } from "../../../domain/transaction.js";

const received = (data: unknown): SubEvent => {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  const packet = { data: Buffer.from(text), sequence: 5n };
  return decodeOne(
    pack(channelV1.MsgRecvPacket, channelV1.MsgRecvPacket.fromPartial({ packet, signer: relayer })),
  );
};
const envelope = {
  type: ["recv_packet"],
  module: "ibc",
  sender: [party(relayer)],
  node: { relayer: [{ id: relayer }] },
};
const sequence = { "packet.sequence": ["5"] };

describe("a received packet", () => {
  it("moves the coins of an ICS-20 packet, and has the memo only if it is not empty", () => {
    const data = { denom: "uatom", amount: "5", sender: "osmo1from", receiver: bob };
    const amount = expectedAmount("5", "uatom");
    const expected = {
      ...envelope,
      sender: [party("osmo1from", amount), party(relayer)],
      recipient: [party(bob, amount)],
      amount: { amount },
      additional: sequence,
    };
    expect(received(data)).toEqual(expected);
    expect(received({ ...data, memo: "" })).toEqual(expected);
    expect(received({ ...data, memo: "hi" })).toEqual({
      ...expected,
      additional: { ...sequence, "packet.memo": ["hi"] },
    });
  });

  it("names its relayer once if the relayer is the sender", () => {
    expect(received({ sender: relayer, receiver: bob }).sender).toEqual([party(relayer)]);
  });

  it("moves no coins if the amount is not a whole number, as in ICS-721", () => {
    for (const amount of ["1.5", "-5", "5x", ""])
      expect(received({ denom: "uatom", amount, sender: alice, receiver: bob })).toMatchObject({
        sender: [party(alice), party(relayer)],
        recipient: [party(bob)],
      });
    expect(received({ denom: "uatom", amount: 5, sender: alice }).amount).toBeUndefined();
    expect(received({ amount: "5", sender: alice }).amount).toBeUndefined();
  });

  it.each(["denom", "classId", "class_id"])("has its currency in '%s'", (name) => {
    const { recipient } = received({ [name]: "art", amount: "1", receiver: bob });
    expect(recipient).toEqual([party(bob, expectedAmount("1", "art"))]);
  });

  it("needs only a sender or only a receiver to be a transfer", () => {
    expect(received({ denom: "x", amount: "2", receiver: bob })).toMatchObject({
      sender: [party(relayer)],
      recipient: [party(bob, expectedAmount("2", "x"))],
      additional: sequence,
    });
    const sent = received({ denom: "x", amount: "2", sender: alice });
    expect(sent.sender).toEqual([party(alice, expectedAmount("2", "x")), party(relayer)]);
    expect(sent.recipient).toBeUndefined();
  });

  it("of another kind is kept as text up to 4,096 characters", () => {
    const text = (length: number): string => JSON.stringify({ a: "x".repeat(length - 8) });
    expect(text(4_096)).toHaveLength(4_096);
    expect(received(text(4_096)).additional).toEqual({ ...sequence, "packet.data": [text(4_096)] });
    expect(received(text(4_097)).additional).toEqual(sequence);
  });

  it.each(["no JSON", "5", "null", '"text"'])("of %s has only its relayer", (data) => {
    expect(received(data)).toEqual({ ...envelope, additional: sequence });
  });

  it("contains the messages for an interchain account", () => {
    const data = Buffer.from(CosmosTx.encode({ messages: [send] }).finish()).toString("base64");
    expect(received({ type: "TYPE_EXECUTE_TX", data, memo: "m" })).toEqual({
      ...envelope,
      additional: { ...sequence, "packet.memo": ["m"], "packet.type": ["TYPE_EXECUTE_TX"] },
      sub: [decodeOne(send)],
    });
    const broken = Buffer.from([0x0a, 0x7f]).toString("base64");
    expect(received({ type: "TYPE_EXECUTE_TX", data: broken })).toEqual({
      ...envelope,
      additional: { ...sequence, "packet.type": ["TYPE_EXECUTE_TX"] },
    });
    expect(received({ type: "OTHER", data }).sub).toBeUndefined();
  });
});

describe("an acknowledged packet", () => {
  const acknowledged = (acknowledgement: string): SubEvent =>
    decodeOne(
      pack(
        channelV1.MsgAcknowledgement,
        channelV1.MsgAcknowledgement.fromPartial({
          packet: {
            data: Buffer.from(JSON.stringify({ denom: "x", amount: "3", sender: alice, receiver: bob })),
          },
          acknowledgement: Buffer.from(acknowledgement),
          proofAcked: new Uint8Array(5),
          signer: relayer,
        }),
      ),
    );

  it("repeats the first 4,096 characters of the acknowledgement, and no proof", () => {
    expect(acknowledged('{"result":"AQ=="}')).toEqual({
      type: ["channel_acknowledgement"],
      module: "ibc",
      sender: [party(alice, expectedAmount("3", "x")), party(relayer)],
      recipient: [party(bob, expectedAmount("3", "x"))],
      node: { relayer: [{ id: relayer }] },
      amount: { amount: expectedAmount("3", "x") },
      additional: { acknowledgement: ['{"result":"AQ=="}'] },
    });
    expect(acknowledged("y".repeat(4_100)).additional).toEqual({ acknowledgement: ["y".repeat(4_096)] });
    expect(acknowledged("").additional).toBeUndefined();
  });
});

it.each([channelV1.MsgTimeout, channelV1.MsgTimeoutOnClose])(
  "$typeUrl returns the packet's coins",
  (codec) => {
    const data = Buffer.from(JSON.stringify({ denom: "x", amount: "3", sender: alice, receiver: bob }));
    const value = protobuf([1, protobuf([6, data])], [codec === channelV1.MsgTimeout ? 5 : 6, relayer]);
    expect(decodeOne({ typeUrl: codec.typeUrl, value })).toMatchObject({
      sender: [party(alice, expectedAmount("3", "x")), party(relayer)],
      recipient: [party(bob, expectedAmount("3", "x"))],
      node: { relayer: [{ id: relayer }] },
    });
  },
);

it("a transfer to another chain has its coin at both ends", () => {
  const message = MsgTransfer.fromPartial({ token: coin(huge), sender: alice, receiver: "osmo1any" });
  const { sender, recipient, amount } = decodeOne(pack(MsgTransfer, message));
  expect({ sender, recipient, amount }).toEqual({
    sender: [party(alice, expectedAmount(huge))],
    recipient: [party("osmo1any", expectedAmount(huge))],
    amount: { token: expectedAmount(huge) },
  });
});

it("messages for an interchain account on another chain are nested in MsgSendTx", () => {
  const data = CosmosTx.encode({ messages: [send] }).finish();
  const message = MsgSendTx.fromPartial({ owner: alice, connectionId: "c-1", packetData: { type: 1, data } });
  expect(decodeOne(pack(MsgSendTx, message))).toEqual({
    type: ["send_tx"],
    module: "ibc",
    sender: [party(alice)],
    node: { owner: [{ id: alice }] },
    additional: { connection_id: ["c-1"], "packet_data.type": ["TYPE_EXECUTE_TX"] },
    sub: [decodeOne(send)],
  });
});

describe("packets of IBC v2", () => {
  const json = (amount: string): { encoding: string; value: Uint8Array } => ({
    encoding: "application/json",
    value: Buffer.from(JSON.stringify({ denom: "x", amount, sender: alice, receiver: bob })),
  });
  // ics20: denom, amount, sender, receiver.
  const binary = protobuf([1, "y"], [2, "4"], [3, bob], [4, alice]);

  it("have the coins of each payload in JSON or protobuf, and skip undecodable ones", () => {
    const payloads = [
      json("3"),
      { encoding: "application/x-protobuf", value: binary },
      { encoding: "application/x-protobuf; v=2", value: Uint8Array.of(0x0a, 0x7f) },
    ];
    const message = channelV2.MsgRecvPacket.fromPartial({ packet: { payloads }, signer: relayer });
    const { sender, recipient, node, amount } = decodeOne(pack(channelV2.MsgRecvPacket, message));
    const [three, four] = [expectedAmount("3", "x"), expectedAmount("4", "y")];
    expect(sender).toEqual([party(alice, three), party(bob, four), party(relayer)]);
    expect(recipient).toEqual([party(bob, three), party(alice, four)]);
    expect(node).toEqual({ relayer: [{ id: relayer }] });
    expect(amount).toEqual({ amount_1: three, amount_2: four });
  });

  it("have no relayer when they are sent", () => {
    const message = channelV2.MsgSendPacket.fromPartial({ payloads: [json("3")], signer: alice });
    const { sender, node } = decodeOne(pack(channelV2.MsgSendPacket, message));
    expect(sender).toEqual([party(alice, expectedAmount("3", "x")), party(alice)]);
    expect(node).toBeUndefined();
  });

  it.each([channelV2.MsgTimeout, channelV2.MsgAcknowledgement])("have a relayer in $typeUrl", (codec) => {
    const payload = protobuf([4, "application/json"], [5, json("3").value]);
    const value = protobuf([1, protobuf([5, payload])], [5, relayer]);
    expect(decodeOne({ typeUrl: codec.typeUrl, value })).toMatchObject({
      sender: [party(alice, expectedAmount("3", "x")), party(relayer)],
      node: { relayer: [{ id: relayer }] },
    });
  });
});
