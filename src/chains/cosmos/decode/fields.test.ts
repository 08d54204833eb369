// The fields of any message: texts, numbers, roles, times and nested values, by their exact entries.
import { describe, expect, it } from "vitest";
import { testAddress } from "../../../testing/cosmos-generator.js";
import { recipientFromFields, senderFromFields, signerFromFields } from "./field-rules.js";
import { fieldOf, readFields, type FieldHints } from "./fields.js";
import { createTransfer } from "./transfers.js";

const [alice, bob] = [testAddress("alice"), testAddress("bob")];
const additional = (message: object, hints?: FieldHints): object =>
  Object.fromEntries(readFields(message, hints).additional);
const roles = (message: object, hints?: FieldHints): object =>
  Object.fromEntries(readFields(message, hints).roles);

describe("values", () => {
  it("are texts in field order, without defaults", () => {
    const defaults = {
      text: "",
      number: 0,
      big: 0n,
      flag: false,
      bytes: new Uint8Array(),
      none: null,
      absent: undefined,
    };
    expect(additional(defaults)).toEqual({});
    const values = {
      text: "x",
      number: -3,
      bigNumber: 2n ** 63n,
      flag: true,
      bytes: Uint8Array.of(1, 2),
      list: ["a", "", "b"],
    };
    expect(additional(values)).toEqual({
      text: ["x"],
      number: ["-3"],
      big_number: ["9223372036854775808"],
      flag: ["true"],
      bytes: ["AQI="],
      list: ["a", "b"],
    });
  });

  it("in objects have a path, and are skipped or decimal by their whole path", () => {
    const message = {
      rate: "5",
      inner: { maxRate: "1500000000000000000", rate: "7" },
      list: [{ a: "1" }, { a: "2" }],
    };
    expect(additional(message, { decimals: ["inner.max_rate", "rate"], skip: ["inner.rate"] })).toEqual({
      rate: ["0.000000000000000005"],
      "inner.max_rate": ["1.500000000000000000"],
      "list.a": ["1", "2"],
    });
  });

  it("of enumerations are names", () => {
    const names = {
      option: 3,
      ordering: 2,
      exec: 1,
      authorizationType: 1,
      level: 2,
      permission: 4,
      other: 1,
    };
    expect(additional({ ...names, inner: { permission: 9, state: 3 } })).toEqual({
      option: ["VOTE_OPTION_NO"],
      ordering: ["ORDER_ORDERED"],
      exec: ["EXEC_TRY"],
      authorization_type: ["AUTHORIZATION_TYPE_DELEGATE"],
      level: ["LEVEL_ALL_MSGS"],
      permission: ["AnyOfAddresses"],
      other: ["1"],
      "inner.permission": ["9"],
      "inner.state": ["STATE_OPEN"],
    });
  });

  it("of coins are amounts only with exactly a denomination and an amount", () => {
    const { amounts, additional: rest } = readFields({
      fee: { denom: "x", amount: "5" },
      other: { denom: "x", amount: "5", memo: "m" },
    });
    expect(amounts).toEqual([["fee", { text: "5x", currency: "x", numeric: "5", exp: 0 }]]);
    expect(Object.fromEntries(rest)).toEqual({
      "other.denom": ["x"],
      "other.amount": ["5"],
      "other.memo": ["m"],
    });
  });

  it("of packed messages are nested, and objects that only look like them are not", () => {
    const packed = { typeUrl: "/a.B", value: Uint8Array.of(1) };
    const { nested, additional: rest } = readFields({
      msgs: [packed],
      like: { typeUrl: "/a.B", value: "text" },
    });
    expect(nested).toEqual([{ path: "msgs", packed }]);
    expect(Object.fromEntries(rest)).toEqual({ "like.type_url": ["/a.B"], "like.value": ["text"] });
  });
});

describe("times", () => {
  const moment = { seconds: 1_700_000_000n, nanos: 5_000_000 };
  it.each(["expiration", "expiry", "timestamp", "time", "startTime", "periodReset"])(
    "in '%s' are timestamps",
    (name) => {
      expect(Object.values(additional({ [name]: moment }))).toEqual([["2023-11-14T22:13:20.005Z"]]);
    },
  );

  it.each(["unbondingTime", "period", "lifetime", "spend_limit"])("in '%s' are durations", (name) => {
    expect(Object.values(additional({ [name]: moment }))).toEqual([["1700000000.005s"]]);
  });

  it("beyond the year 9999 are seconds", () => {
    expect(additional({ time: { seconds: 253_402_300_800n, nanos: 0 } })).toEqual({
      time: ["253402300800s"],
    });
  });
});

describe("accounts", () => {
  it("have the role of their field without `address` or `addr`", () => {
    const message = {
      granterAddress: alice,
      voterAddr: bob,
      address: alice,
      validatorSrcAddress: bob,
      validatorDstAddress: alice,
    };
    expect(roles(message)).toEqual({
      granter: [alice],
      voter: [bob],
      account: [alice],
      validator_source: [bob],
      validator_destination: [alice],
    });
  });

  it("that are parties have no role, except in nested values or by a hint", () => {
    const message = { fromAddress: alice, toAddress: bob, sender: alice, inner: { receiver: bob } };
    expect(roles(message)).toEqual({ receiver: [bob] });
    expect(roles(message, { partiesAsRoles: true })).toEqual({
      from: [alice],
      to: [bob],
      sender: [alice],
      receiver: [bob],
    });
  });

  it("in a contract's JSON have the role `account`", () => {
    const msg = Buffer.from(JSON.stringify({ to: bob }));
    expect(roles({ msg }, { texts: ["msg"] })).toEqual({ account: [bob] });
    expect(additional({ msg }, { texts: ["msg"] })).toEqual({ msg: [msg.toString()] });
    expect(roles({ msg })).toEqual({});
  });
});

describe("parties by field names", () => {
  it("are the most specific account that is not empty", () => {
    expect(signerFromFields({ grantee: alice, granter: bob, sender: "" })).toBe(bob);
    expect(signerFromFields({ owner: alice, admin: bob })).toBe(alice);
    expect(signerFromFields({ depositor: alice, granter: bob })).toBe(alice);
    expect(signerFromFields({ signer: alice.toUpperCase(), sender: bob })).toBe(alice);
    expect(signerFromFields({ amount: alice })).toBeUndefined();
  });

  it("are all signers of a list, and the receiver", () => {
    expect(senderFromFields({ proposers: [alice, "", bob] })).toEqual([
      createTransfer(alice),
      createTransfer(bob),
    ]);
    expect(recipientFromFields({ receiver: bob })).toEqual([createTransfer(bob)]);
    expect(recipientFromFields({ to: alice, recipient: bob })).toEqual([createTransfer(alice)]);
    expect(recipientFromFields({ toAddress: "", receiver: 5 })).toEqual([]);
    expect(fieldOf([alice], "0")).toBeUndefined();
  });
});
