// Events by message, in the formats of the node versions, and the signers and envelope of a transaction.
import { PubKey as Ed25519Key } from "cosmjs-types/cosmos/crypto/ed25519/keys";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { describe, expect, it } from "vitest";
import { nodeEvent as event } from "../../../testing/cosmos-decoding.js";
import { pack, testAddress } from "../../../testing/cosmos-generator.js";
import { alice, bob, expectedAmount, party, send } from "../../../testing/cosmos-message-parts.js";
import type { Transaction } from "../../../domain/transaction.js";
import { accountFromPublicKey } from "./addresses.js";
import {
  eventsByMessage,
  isBase64Encoded,
  lastAttribute,
  splitExecEvents,
  type NodeEvent,
} from "./node-events.js";
import type { RawCosmosResult } from "./raw-height.js";
import { decodeCosmosTransaction } from "./transaction.js";

describe("base64 attributes", () => {
  const keys = (...list: readonly (string | null)[]): boolean =>
    isBase64Encoded([{ attributes: list.map((key) => ({ key })) }]);
  const encoded = (text: string): string => Buffer.from(text).toString("base64");

  it("are those whose keys are all base64 of printable texts", () => {
    expect(keys(encoded("sender"), encoded("amount"))).toBe(true);
    expect(keys(encoded("sender"), encoded("sender"), "amount?")).toBe(false);
    // `receiver` is valid base64 of bytes that are not printable.
    expect(keys("receiver")).toBe(false);
    expect(keys(encoded("sender"), "receiver")).toBe(false);
    expect(keys(null, "", encoded("sender"))).toBe(true);
  });

  it("are not there without a key", () => {
    expect([keys(), keys(null, ""), isBase64Encoded([{ attributes: null }, {}])]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("the events of a log", () => {
  const types = ["/a.MsgOne", "/a.MsgTwo"];
  const grouped = (entries: readonly unknown[], events: readonly NodeEvent[] = []): NodeEvent[][] =>
    eventsByMessage({ log: JSON.stringify(entries), events }, types);
  const [first, second] = [event("x", ["a", "1"]), event("y", ["b", "2"])];

  it("belong to their index, else to their position, and may be null", () => {
    expect(
      grouped([
        { msg_index: 1, events: [first] },
        { msg_index: 0, events: [second] },
      ]),
    ).toEqual([[second], [first]]);
    expect(grouped([{ events: [first] }, { events: null }])).toEqual([[first], []]);
  });

  it.each([
    ["an entry is not an object", [{ events: [first] }, 5]],
    ["an index is not a number", [{ events: [first] }, { msg_index: "1" }]],
    ["events are not a list", [{ events: [first] }, { events: {} }]],
  ])("are not used if %s", (_, entries) => {
    expect(grouped(entries, [event("z", ["msg_index", "1"])])).toEqual([
      [],
      [event("z", ["msg_index", "1"])],
    ]);
  });

  it("are split at a repeated key, except for the indexes of nested execs", () => {
    const merged = event("transfer", ["to", "a"], ["amount", "1"], ["to", "b"], ["amount", "2"]);
    const nested = event("x", ["a", "1"], ["authz_msg_index", "0"], ["authz_msg_index", "1"], ["a", "2"]);
    expect(grouped([{ events: [merged] }, { events: [nested, event("empty")] }])).toEqual([
      [event("transfer", ["to", "a"], ["amount", "1"]), event("transfer", ["to", "b"], ["amount", "2"])],
      [
        event("x", ["a", "1"], ["authz_msg_index", "0"], ["authz_msg_index", "1"]),
        event("x", ["a", "2"]),
        event("empty"),
      ],
    ]);
  });

  it("that have an index out of range, or not a number, belong to no message", () => {
    const indexed = ["0", "2", "-1", "1.0", ""].map((index) => event("x", ["msg_index", index]));
    expect(eventsByMessage({ log: "", events: indexed }, types)).toEqual([[indexed[0]], []]);
  });
});

describe("the events of an exec", () => {
  it("lose their last index, which is that of the outer exec", () => {
    const inner = event("x", ["authz_msg_index", "5"], ["a", "1"], ["authz_msg_index", "1"]);
    expect(splitExecEvents([inner, event("y")], 2)).toEqual({
      inner: [[], [event("x", ["authz_msg_index", "5"], ["a", "1"])]],
      own: [event("y")],
    });
    expect(splitExecEvents([event("x", ["authz_msg_index", "0"]), event("y")], 1)).toEqual({
      inner: [[event("x")]],
      own: [event("y")],
    });
  });

  it("have the last of repeated attributes", () => {
    expect(lastAttribute(event("x", ["a", "1"], ["b", "2"], ["a", "3"]), "a")).toBe("3");
    expect(lastAttribute(event("x"), "a")).toBeUndefined();
  });
});

describe("a transaction", () => {
  const key = Uint8Array.from({ length: 33 }, (_, at) => (at === 0 ? 2 : at));
  const success: RawCosmosResult = {
    code: 0,
    codespace: "",
    log: "",
    gasWanted: 8n,
    gasUsed: 7n,
    events: [],
  };
  const block = { chainId: "test-1", height: 5, hash: "AB", time: 3n, transactions: [] };
  const decode = (body: object, authInfo: object, result: Partial<RawCosmosResult> = {}): Transaction => {
    const bytes = TxRaw.encode({
      bodyBytes: TxBody.encode(TxBody.fromPartial({ messages: [send], ...body })).finish(),
      authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial(authInfo)).finish(),
      signatures: [],
    }).finish();
    const raw = {
      chain: { network: "cosmos", chainId: "test-1" },
      block,
      index: 3,
      bytes,
      result: { ...success, ...result },
    };
    return decodeCosmosTransaction(raw).transaction;
  };
  const signerInfo = (sequence: bigint, publicKey: object = pack(PubKey, { key })): object => ({
    publicKey,
    sequence,
  });

  it("has its envelope in the first event", () => {
    const extension = { typeUrl: "/a.Option", value: new Uint8Array() };
    const { events } = decode(
      {
        timeoutHeight: 9n,
        extensionOptions: [extension],
        nonCriticalExtensionOptions: [{ ...extension, typeUrl: "/b.Option" }],
      },
      { signerInfos: [signerInfo(4n)] },
    );
    expect(events[0]?.sub[0]).toMatchObject({
      nonce: "4",
      node: { signer: [{ id: alice }], fee_payer: [{ id: alice }] },
      additional: {
        timeout_height: ["9"],
        extension_options: ["/a.Option", "/b.Option"],
        public_key: [Buffer.from(key).toString("base64")],
        sequence: ["4"],
      },
    });
    expect(decode({}, {}).events[0]?.sub[0]?.additional).toBeUndefined();
  });

  it("of several signers has the accounts of their secp256k1 keys", () => {
    const other = pack(Ed25519Key, { key: new Uint8Array(32).fill(7) });
    const { events } = decode({}, { signerInfos: [signerInfo(4n), signerInfo(6n), signerInfo(8n, other)] });
    const account = accountFromPublicKey(key, "test");
    expect(events[0]?.sub[0]).toMatchObject({
      nonce: "4",
      node: { signer: [{ id: account }], fee_payer: [{ id: account }] },
      additional: { sequence: ["4", "6", "8"] },
    });
    expect(events[0]?.sub[0]?.additional?.["public_key"]?.[2]).toBe(Buffer.alloc(32, 7).toString("base64"));
  });

  it("keeps a multisig key as its packed bytes", () => {
    const value = Uint8Array.of(8, 1, 18, 2, 10, 0);
    const publicKey = { typeUrl: "/cosmos.crypto.multisig.LegacyAminoPubKey", value };
    const { events } = decode({}, { signerInfos: [signerInfo(4n, publicKey)] });
    expect(events[0]?.sub[0]?.additional?.["public_key"]).toEqual([Buffer.from(value).toString("base64")]);
  });

  it("has the fee's payer and granter, and its tip beside the amounts of the message", () => {
    const authInfo = {
      signerInfos: [signerInfo(4n)],
      fee: {
        amount: [{ denom: "utest", amount: "5" }],
        payer: bob.toUpperCase(),
        granter: testAddress("granter"),
      },
      tip: {
        tipper: bob,
        amount: [
          { denom: "utest", amount: "1" },
          { denom: "ufoo", amount: "2" },
        ],
      },
    };
    const { fee, events } = decode({}, authInfo);
    expect(fee).toEqual([expectedAmount("5")]);
    const [sub] = events[0]?.sub ?? [];
    expect(sub?.node).toMatchObject({
      fee_payer: [{ id: bob }],
      fee_granter: [{ id: testAddress("granter") }],
      tipper: [{ id: bob }],
    });
    expect(sub?.amount).toMatchObject({ tip_1: expectedAmount("1"), tip_2: expectedAmount("2", "ufoo") });
    expect(Object.keys(sub?.amount ?? {})).toHaveLength(4);
  });

  it("that failed has no transfers, although its result has events", () => {
    const log = "out of gas";
    const events = [
      event("transfer", ["recipient", bob], ["sender", alice], ["amount", "7utest"], ["msg_index", "0"]),
    ];
    const succeeded = decode({}, {}, { events });
    expect(succeeded.events[0]?.sub[0]?.transfers).toEqual({
      send: [party(bob, expectedAmount("7"))],
      spend: [party(alice, expectedAmount("7"))],
    });
    const failed = decode({}, {}, { events, code: 11, log });
    expect(failed).toMatchObject({
      hasErrors: true,
      index: 3,
      height: 5,
      blockHash: "AB",
      gasWanted: 8n,
      gasUsed: 7n,
    });
    expect(failed.events[0]?.sub[0]).toMatchObject({ error: log, additional: { code: ["11"] } });
    expect(failed.events[0]?.sub[0]).not.toHaveProperty("transfers");
    expect(failed.events[0]?.sub[0]?.additional).not.toHaveProperty("codespace");
  });
});
