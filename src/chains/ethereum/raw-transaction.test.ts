// Compares rebuilt transaction bytes with viem's encoder for random transactions of each type.
import fc from "fast-check";
import { keccak256, serializeTransaction, toHex, type Hex, type TransactionSerializable } from "viem";
import { describe, expect, it } from "vitest";
import { MalformedError } from "./fields.js";
import { decodeLog } from "./decode-log.js";
import { rawTransaction } from "./raw-transaction.js";

const bytes = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => toHex(each));
const data = fc.uint8Array({ maxLength: 300 }).map((each) => toHex(each));
const amount = fc.bigInt({ min: 0n, max: 2n ** 128n });
const address = bytes(20);
const signature = fc.record({
  r: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }).map((each) => toHex(each, { size: 32 })),
  s: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }).map((each) => toHex(each, { size: 32 })),
  yParity: fc.integer({ min: 0, max: 1 }),
});
const basics = fc.record({
  chainId: fc.integer({ min: 1, max: 2 ** 40 }),
  nonce: fc.integer({ min: 0, max: 2 ** 40 }),
  gas: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  to: fc.option(address, { nil: undefined }),
  value: amount,
  data,
});
const accessList = fc.array(fc.record({ address, storageKeys: fc.array(bytes(32), { maxLength: 3 }) }), {
  maxLength: 3,
});
const price = fc.bigInt({ min: 0n, max: 2n ** 60n });
const optional = <T>(value: T | undefined, key: string): object =>
  value === undefined ? {} : { [key]: value };

/** Returns a signed transaction's bytes and the JSON that a node returns for it. */
function signedTransaction(
  type: Hex,
  transaction: TransactionSerializable,
  { r, s, yParity }: { r: Hex; s: Hex; yParity: number },
  more: object,
): { serialized: Hex; json: Record<string, unknown> } {
  const v = BigInt(yParity) + (type === "0x0" ? BigInt(transaction.chainId ?? 0) * 2n + 35n : 0n);
  const serialized = serializeTransaction(transaction, type === "0x0" ? { r, s, v } : { r, s, yParity });
  const json = {
    type,
    hash: keccak256(serialized),
    chainId: toHex(transaction.chainId ?? 0),
    nonce: toHex(transaction.nonce ?? 0),
    gas: toHex(transaction.gas ?? 0n),
    to: transaction.to ?? null,
    value: toHex(transaction.value ?? 0n),
    input: transaction.data ?? "0x",
    v: toHex(v),
    // Nodes write numbers without leading zeros.
    r: toHex(BigInt(r)),
    s: toHex(BigInt(s)),
    ...more,
  };
  return { serialized, json };
}

function expectSame({ serialized, json }: { serialized: Hex; json: Record<string, unknown> }): void {
  const raw = rawTransaction(json);
  expect(raw === undefined ? undefined : toHex(raw)).toBe(serialized);
  expect(rawTransaction({ ...json, value: "0x123456789" })).toBeUndefined();
}

describe("the bytes of a transaction", () => {
  it("equal those of viem's encoder for legacy transactions", () => {
    fc.assert(
      fc.property(basics, price, signature, ({ to, ...rest }, gasPrice, signed) => {
        const transaction = { type: "legacy" as const, ...rest, gasPrice, ...optional(to, "to") };
        expectSame(signedTransaction("0x0", transaction, signed, { gasPrice: toHex(gasPrice) }));
      }),
      { numRuns: 1000 },
    );
  });

  it("equal those of viem's encoder with an access list and with dynamic fees", () => {
    fc.assert(
      fc.property(basics, accessList, price, signature, ({ to, ...rest }, list, gasPrice, signed) => {
        const target = optional(to, "to");
        const berlin = { type: "eip2930" as const, ...rest, gasPrice, accessList: list, ...target };
        const lists = { accessList: list, yParity: toHex(signed.yParity) };
        expectSame(signedTransaction("0x1", berlin, signed, { gasPrice: toHex(gasPrice), ...lists }));
        const fees = { maxFeePerGas: gasPrice + 1n, maxPriorityFeePerGas: gasPrice };
        const london = { type: "eip1559" as const, ...rest, ...fees, accessList: list, ...target };
        const nodeFees = { maxFeePerGas: toHex(gasPrice + 1n), maxPriorityFeePerGas: toHex(gasPrice) };
        expectSame(signedTransaction("0x2", london, signed, { ...nodeFees, ...lists }));
      }),
      { numRuns: 1000 },
    );
  });

  it("equal those of viem's encoder with blobs and with authorizations", () => {
    const signed = { r: toHex(5n, { size: 32 }), s: toHex(6n, { size: 32 }), yParity: 1 };
    const to: Hex = `0x${"aa".repeat(20)}`;
    const base = { chainId: 7, nonce: 1, gas: 9n, to, value: 2n, maxFeePerGas: 8n, maxPriorityFeePerGas: 3n };
    const nodeFees = { maxFeePerGas: "0x8", maxPriorityFeePerGas: "0x3", accessList: [], yParity: "0x1" };
    const hashes: Hex[] = [`0x01${"bb".repeat(31)}`, `0x01${"cc".repeat(31)}`];
    const blobs = { ...base, type: "eip4844" as const, maxFeePerBlobGas: 300n, blobVersionedHashes: hashes };
    const nodeBlobs = { maxFeePerBlobGas: "0x12c", blobVersionedHashes: hashes };
    expectSame(signedTransaction("0x3", blobs, signed, { ...nodeFees, ...nodeBlobs }));
    const tuple = { address: to, chainId: 7, nonce: 258, ...signed };
    const setCode = { ...base, type: "eip7702" as const, authorizationList: [tuple] };
    const entry = { address: to, chainId: "0x7", nonce: "0x102", r: "0x5", s: "0x6" };
    for (const parity of [{ yParity: "0x1" }, { v: "0x1" }])
      expectSame(
        signedTransaction("0x4", setCode, signed, {
          ...nodeFees,
          authorizationList: [{ ...entry, ...parity }],
        }),
      );
  });

  it("are undefined if they cannot be rebuilt", () => {
    expect(rawTransaction({ type: "0x7e", hash: "0x" })).toBeUndefined();
    expect(rawTransaction({ type: "0x0", hash: "0x", nonce: "0x1" })).toBeUndefined();
  });

  it("may be long", () => {
    const transaction = {
      type: "legacy" as const,
      chainId: 1,
      nonce: 1,
      data: `0x${"ab".repeat(400_000)}` as const,
    };
    const signed = { r: toHex(5n, { size: 32 }), s: toHex(6n, { size: 32 }), yParity: 1 };
    expectSame(signedTransaction("0x0", transaction, signed, { gasPrice: "0x0" }));
  });
});

describe("a log", () => {
  const topic = fc.oneof(
    bytes(32),
    address.map((each): Hex => `0x${"00".repeat(12)}${each.slice(2)}`),
    fc.constantFrom<Hex>(
      "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
      "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62",
      "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb",
    ),
  );
  const log = fc.record({
    address,
    topics: fc.array(topic, { maxLength: 5 }),
    data: fc.oneof(data, bytes(32), bytes(64), bytes(96), bytes(0)),
    logIndex: fc.constant("0x1"),
  });

  it("never fails and loses no data, for arbitrary content", () => {
    fc.assert(
      fc.property(log, (fields) => {
        const { kind, sub } = decodeLog(fields);
        expect(sub.module).toBe(fields.address);
        if (kind.startsWith("erc")) expect(sub.sender).toHaveLength(1);
        else expect(sub.additional).toMatchObject({ topics: fields.topics, data: [fields.data] });
      }),
      { numRuns: 10_000 },
    );
  });

  it("throws a MalformedError without the fields of a log", () => {
    for (const fields of [{}, { address: "0x1", topics: "0x", data: "0x", logIndex: "0x0" }]) {
      expect(() => decodeLog(fields)).toThrow(MalformedError);
    }
  });
});
