// What a message has beside its rule: unknown types, nested values, names of amounts, and limits.
import { MsgSubmitProposal as MsgSubmitProposalV1 } from "cosmjs-types/cosmos/gov/v1/tx";
import { MsgDeposit, MsgSubmitProposal } from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { MsgAcknowledgement } from "cosmjs-types/ibc/core/channel/v1/tx";
import { describe, expect, it } from "vitest";
import { decodeOne, nodeEvent, protobuf } from "../../../testing/cosmos-decoding.js";
import { pack } from "../../../testing/cosmos-generator.js";
import {
  alice,
  bob,
  carol,
  coin,
  expectedAmount,
  party,
  send,
} from "../../../testing/cosmos-message-parts.js";
import type { SubEvent } from "../../../domain/transaction.js";
import { decodeMessage } from "./messages.js";

const signedBy = (account: string): ReturnType<typeof nodeEvent> => nodeEvent("message", ["sender", account]);
const payment = nodeEvent("transfer", ["recipient", bob], ["sender", alice], ["amount", "7utest"]);

describe("a message of unknown type", () => {
  const value = protobuf([1, alice], [2, bob]);
  const unknown = (...events: ReturnType<typeof nodeEvent>[]): SubEvent =>
    decodeOne({ typeUrl: "/unheard.of.v1.MsgWonder", value }, events);

  it("keeps its bytes, its accounts and its transfers", () => {
    expect(unknown(payment)).toEqual({
      type: ["/unheard.of.v1.MsgWonder"],
      module: "of",
      node: { account: [{ id: alice }, { id: bob }] },
      transfers: {
        send: [party(bob, expectedAmount("7"))],
        spend: [party(alice, expectedAmount("7"))],
      },
      additional: {
        type_url: ["/unheard.of.v1.MsgWonder"],
        value: [Buffer.from(value).toString("base64")],
      },
    });
  });

  it("has as sender the event's account that is also in its bytes, else the event's first", () => {
    expect(unknown(signedBy(carol), signedBy(bob)).sender).toEqual([party(bob)]);
    expect(unknown(signedBy(carol)).sender).toEqual([party(carol)]);
  });
});

it("an undecodable message keeps its bytes, its reason and its events", () => {
  const value = Uint8Array.of(0x0a, 0x7f, 1);
  const typeUrl = "/cosmos.bank.v1beta1.MsgSend";
  const { kind, fault, parts } = decodeMessage(
    { typeUrl, value },
    { events: [payment], feeDenom: undefined },
  );
  expect(kind).toBe(typeUrl);
  expect(fault).toBe(`${typeUrl}: ${parts.error}`);
  expect([...parts.additional]).toEqual([
    ["type_url", [typeUrl]],
    ["value", [Buffer.from(value).toString("base64")]],
    ["decode_error", [parts.error]],
  ]);
});

it("the signer is the rule's sender if no field has a signer's name", () => {
  const typeUrl = "/tendermint.liquidity.v1beta1.MsgCreatePool";
  const decoded = decodeMessage(
    { typeUrl, value: protobuf([1, alice]) },
    { events: [], feeDenom: undefined },
  );
  expect(decoded).toMatchObject({ kind: "create_pool", signer: alice });
});

it("values of the message take precedence over those of its events", () => {
  const message = MsgAcknowledgement.fromPartial({ acknowledgement: Buffer.from("own"), signer: alice });
  const events = [nodeEvent("write_acknowledgement", ["packet_ack", "other"])];
  expect(decodeOne(pack(MsgAcknowledgement, message), events).additional).toEqual({
    acknowledgement: ["own"],
  });
});

describe("amounts", () => {
  it("have the names of their fields, numbered only if a field has several", () => {
    const coinBytes = (amount: string): Uint8Array => protobuf([1, "utest"], [2, amount]);
    const typeUrl = "/tendermint.liquidity.v1beta1.MsgSwapWithinBatch";
    const swap = protobuf([1, alice], [4, coinBytes("5")], [6, coinBytes("1")]);
    expect(decodeOne({ typeUrl, value: swap }).amount).toEqual({
      offer_coin: expectedAmount("5"),
      offer_coin_fee: expectedAmount("1"),
    });
    const deposit = { proposalId: 1n, depositor: alice, amount: [coin("5"), coin("1", "ufoo")] };
    expect(decodeOne(pack(MsgDeposit, deposit)).amount).toEqual({
      amount_1: expectedAmount("5"),
      amount_2: expectedAmount("1", "ufoo"),
    });
  });
});

describe("nested values", () => {
  it("that are messages have no part in the events of the outer one", () => {
    const message = MsgSubmitProposalV1.fromPartial({ messages: [send], proposer: alice });
    const { sub, transfers } = decodeOne(pack(MsgSubmitProposalV1, message), [payment]);
    expect(transfers?.["send"]).toEqual([party(bob, expectedAmount("7"))]);
    expect(sub).toEqual([decodeOne(send)]);
  });

  it("that are not messages have their fields, and accounts as roles", () => {
    const spend = protobuf([1, "title"], [3, bob], [4, protobuf([1, "utest"], [2, "5"])]);
    const typeUrl = "/cosmos.distribution.v1beta1.CommunityPoolSpendProposal";
    const message = MsgSubmitProposal.fromPartial({ content: { typeUrl, value: spend }, proposer: alice });
    expect(decodeOne(pack(MsgSubmitProposal, message)).sub).toEqual([
      {
        type: [],
        action: "community_pool_spend_proposal",
        module: "distribution",
        node: { recipient: [{ id: bob }] },
        amount: { amount: expectedAmount("5") },
        additional: { "content.type_url": [typeUrl], title: ["title"] },
      },
    ]);
  });

  const allowance = (typeUrl: string, value: Uint8Array): object | undefined => {
    const message = MsgGrantAllowance.fromPartial({
      granter: alice,
      grantee: bob,
      allowance: { typeUrl, value },
    });
    return decodeOne(pack(MsgGrantAllowance, message)).sub?.[0]?.additional;
  };
  const basic = "/cosmos.feegrant.v1beta1.BasicAllowance";

  it("are decoded up to 65,536 bytes", () => {
    const expiration = [2, protobuf([1, 1_700_000_000n])] as const;
    // The padding is an unknown field with a tag of one byte and a length of three.
    const padded = (length: number): Uint8Array =>
      protobuf(expiration, [15, new Uint8Array(length - protobuf(expiration).length - 4)]);
    expect(padded(65_536)).toHaveLength(65_536);
    expect(allowance(basic, padded(65_536))).toEqual({
      "allowance.type_url": [basic],
      expiration: ["2023-11-14T22:13:20Z"],
    });
    expect(allowance(basic, padded(65_537))).toEqual({ "allowance.type_url": [basic] });
  });

  it("are kept as bytes if they are undecodable, and only named if they prove misbehaviour", () => {
    const broken = Uint8Array.of(0x12, 0x7f);
    expect(allowance(basic, broken)).toEqual({
      "allowance.type_url": [basic],
      value: [Buffer.from(broken).toString("base64")],
    });
    const proof = "/ibc.lightclients.tendermint.v1.Misbehaviour";
    expect(allowance(proof, protobuf([1, "client"]))).toEqual({ "allowance.type_url": [proof] });
  });
});
