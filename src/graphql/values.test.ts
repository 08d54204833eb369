import fc from "fast-check";
import { isScalarType, parseValue, type GraphQLScalarType } from "graphql";
import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import {
  decodeGlobalId,
  encodeGlobalId,
  nodeKeys,
  readBlockCursor,
  readTransactionCursor,
  requireKnownId,
  writeBlockCursor,
  writeTransactionCursor,
} from "./opaque.js";
import { schema } from "./schema.js";

const height = fc.maxSafeNat();
const chain = fc.record({ network: fc.string(), chainId: fc.string() });

function scalar(name: string): GraphQLScalarType {
  const type = schema.getType(name);
  if (!isScalarType(type)) throw new Error(`${name} is not a scalar.`);
  return type;
}

function literal(name: string, source: string): unknown {
  return scalar(name).parseLiteral(parseValue(source));
}

describe("ids and cursors", () => {
  it("decode to the key that they were encoded from", () => {
    const text = fc.string();
    const named = fc.oneof(
      fc.tuple(fc.constant("Chain" as const), fc.tuple(text, text)),
      fc.tuple(fc.constant("Block" as const), fc.tuple(text, text, text)),
      fc.tuple(fc.constant("Transaction" as const), fc.tuple(text, text, height, height, text)),
      fc.tuple(fc.constant("Worker" as const), fc.tuple(text)),
    );
    fc.assert(
      fc.property(named, ([typename, key]) => {
        const id = encodeGlobalId(typename, JSON.stringify(key));
        expect(decodeGlobalId(id)).toEqual({ typename, id: JSON.stringify(key) });
        expect(nodeKeys[typename].safeParse(key).success).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(nodeKeys.Transaction.parse(["demo", "demo-1", 7, 2, "hash"])).toEqual({
      chain: { network: "demo", chainId: "demo-1" },
      height: 7,
      index: 2,
      hash: "hash",
    });
    fc.assert(
      fc.property(fc.record({ height, index: height, chain }), (position) => {
        expect(readTransactionCursor(writeTransactionCursor(position), "after")).toEqual(position);
        expect(readBlockCursor(writeBlockCursor(position), "after")).toEqual({ height: position.height });
      }),
      { numRuns: 2_000 },
    );
  });

  it("are rejected if this service did not create them", () => {
    const junk = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc
        .array(fc.oneof(fc.string(), fc.integer(), fc.constantFrom("Chain", "t", "b")))
        .map((parts) => Buffer.from(JSON.stringify(parts)).toString("base64url")),
    );
    const readId = (text: string): { typename: string; id: string } => {
      const id = decodeGlobalId(text);
      requireKnownId(id, "id");
      return id;
    };
    const writeId = ({ typename, id }: { typename: string; id: string }): string =>
      encodeGlobalId(typename, id);
    const expectRejected = (read: () => unknown, write: (value: never) => string, text: string): void => {
      let value: unknown;
      try {
        value = read();
      } catch (error) {
        expect(error).toBeInstanceOf(IndexerError);
        expect(error).toMatchObject({ code: "BAD_USER_INPUT" });
        return;
      }
      // An accepted text decodes to the same JSON as the text that this service creates.
      expect(JSON.parse(Buffer.from(write(value as never), "base64url").toString())).toEqual(
        JSON.parse(Buffer.from(text, "base64url").toString()),
      );
    };
    fc.assert(
      fc.property(junk, (text) => {
        expectRejected(() => readId(text), writeId, text);
        expectRejected(() => readTransactionCursor(text, "after"), writeTransactionCursor, text);
        expectRejected(() => readBlockCursor(text, "after"), writeBlockCursor, text);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("scalars", () => {
  it("preserve every digit of whole numbers", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), (value) => {
        expect(scalar("BigInt").serialize(value)).toBe(value.toString());
        expect(scalar("BigInt").parseValue(value.toString())).toBe(value);
        expect(literal("BigInt", value.toString())).toBe(value);
      }),
    );
    expect(scalar("BigInt").parseValue(42)).toBe(42n);
  });

  it("preserve nanoseconds", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 253_402_300_799_999_999_999n }), (time) => {
        expect(scalar("DateTime").parseValue(scalar("DateTime").serialize(time))).toBe(time);
      }),
    );
  });

  it("preserve every byte", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(scalar("Bytes").parseValue(scalar("Bytes").serialize(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    ["Height", -1],
    ["Height", 1.5],
    ["Height", 2 ** 53],
    ["Height", "-1"],
    ["Height", "1e3"],
    ["Height", ""],
    ["Height", true],
    ["BigInt", 2 ** 53],
    ["BigInt", "1.5"],
    ["BigInt", ""],
    ["BigInt", null],
    ["Decimal", "1e5"],
    ["Decimal", 1.5],
    ["DateTime", "2021-02-31T00:00:00Z"],
    ["DateTime", 5],
    ["Bytes", "not base64"],
    ["Bytes", 5],
  ])("reject %s %s", (name, value) => {
    expect(() => scalar(name).parseValue(value)).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT" }) as Error,
    );
  });

  it.each([
    ["Height", "1.5"],
    ["Height", "true"],
    ["BigInt", "1.5"],
    ["Decimal", "5"],
    ["DateTime", "5"],
    ["Bytes", "5"],
  ])("reject %s %s in a document", (name, source) => {
    expect(() => literal(name, source)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT" }) as Error);
  });

  it("parse heights and decimals in each allowed form", () => {
    expect(scalar("Height").parseValue("9007199254740991")).toBe(2 ** 53 - 1);
    expect(literal("Height", `"7"`)).toBe(7);
    expect(scalar("Decimal").parseValue("-12.500")).toBe("-12.500");
    expect(literal("Decimal", `"0.1"`)).toBe("0.1");
  });
});
