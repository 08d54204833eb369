// Boundaries of the readers of JSON, amounts and error messages, each with the value on both sides.
import { describe, expect, it } from "vitest";
import { etherAmount, ethereumTokenAmount } from "./amounts.js";
import {
  count,
  fieldsList,
  fieldsOf,
  hexField,
  hexList,
  isHex,
  listOf,
  MalformedError,
  optionalHex,
  optionalQuantity,
  quantity,
  toHex,
} from "./fields.js";
import { rawBlock, rawReceipts, rawTransactions } from "./raw-height.js";
import { encodeTypedRlp, rlpNumber } from "./rlp.js";
import { rpcFault } from "./rpc-errors.js";

describe("amounts", () => {
  it.each([
    [0n, "0"],
    [1n, "0.000000000000000001"],
    [10n ** 18n, "1"],
    [25n * 10n ** 17n, "2.5"],
    [100n * 10n ** 18n, "100"],
  ])("of %d wei are %s ETH", (wei, text) => {
    expect(etherAmount(wei, "ETH")).toEqual({ text, currency: "ETH", numeric: String(wei), exp: 18 });
  });

  it("of tokens are in smallest units", () => {
    expect(ethereumTokenAmount(100n, "0xab")).toEqual({
      text: "100",
      currency: "0xab",
      numeric: "100",
      exp: 0,
    });
  });
});

describe("fields", () => {
  it("of bytes are in lower case, and may be empty", () => {
    expect([hexField({ a: "0x" }, "a"), hexField({ a: "0xAbC" }, "a")]).toEqual(["0x", "0xabc"]);
    for (const a of ["", "ab", "0xg", "1x0", 5, null, undefined])
      expect(() => hexField({ a }, "a")).toThrow(MalformedError);
    expect(() => hexField({}, "a")).toThrow("a is absent, not hexadecimal");
    expect(() => hexField({ a: "x".repeat(100) }, "a")).toThrow(`a is "${"x".repeat(79)}, not hexadecimal`);
    expect([isHex("0x1"), isHex("0x"), isHex("1"), isHex(1)]).toEqual([true, true, false, false]);
  });

  it("may be absent or null only if they are optional", () => {
    for (const fields of [{}, { a: null }]) {
      expect([optionalHex(fields, "a"), optionalQuantity(fields, "a"), hexList(fields, "a")]).toEqual([
        undefined,
        undefined,
        [],
      ]);
      expect(() => quantity(fields, "a")).toThrow(MalformedError);
    }
    expect(optionalHex({ a: "0xA" }, "a")).toBe("0xa");
    expect(optionalQuantity({ a: "0xA" }, "a")).toBe(10n);
  });

  it("of numbers have at least one digit, and counts are exact", () => {
    expect([quantity({ a: "0x0" }, "a"), quantity({ a: "0xfF" }, "a")]).toEqual([0n, 255n]);
    for (const a of ["0x", "0xg", "12", 12]) expect(() => quantity({ a }, "a")).toThrow(/hexadecimal number/);
    expect(count({ a: "0x1fffffffffffff" }, "a")).toBe(2 ** 53 - 1);
    expect(() => count({ a: "0x20000000000000" }, "a")).toThrow("beyond 2^53-1");
    expect(toHex(255)).toBe("0xff");
  });

  it("of lists name the position of a wrong entry", () => {
    expect(hexList({ a: ["0xA", "0xb"] }, "a")).toEqual(["0xa", "0xb"]);
    expect(() => hexList({ a: ["0xA", 5] }, "a")).toThrow("a contains 5, which is not hexadecimal");
    expect(() => listOf({}, "a")).toThrow("a is {}, not a list");
    expect(fieldsList([{ b: 1 }], "a")).toEqual([{ b: 1 }]);
    expect(() => fieldsList([{}, null], "a")).toThrow("a[1] is null, not an object");
    expect(() => fieldsOf(undefined, "block")).toThrow("block is absent, not an object");
  });
});

describe("RLP", () => {
  it.each([
    ["0x0", "0x"],
    ["0x", "0x"],
    ["0x00", "0x"],
    ["0x1", "0x01"],
    ["0x0f", "0x0f"],
    ["0x100", "0x0100"],
    ["0x0000abcd", "0xabcd"],
  ] as const)("of the number %s is %s", (hex, bytes) => {
    expect(rlpNumber(hex)).toBe(bytes);
  });

  it("begins with the type", () => {
    expect(encodeTypedRlp(5, ["0x01", "0x"])).toEqual(Uint8Array.of(5, 0xc2, 1, 0x80));
  });
});

describe("a height", () => {
  const transaction = (index: string, blockHash = "0xb"): object => ({
    transactionIndex: index,
    blockHash,
    hash: `0xf${index.slice(2)}`,
  });
  const receipt = (index: string, changes: object = {}): object => ({
    blockHash: "0xb",
    transactionIndex: index,
    transactionHash: `0xf${index.slice(2)}`,
    ...changes,
  });
  const block = (transactions: unknown): ReturnType<typeof rawBlock> =>
    rawBlock({ number: "0x5", hash: "0xB", parentHash: "0xA", transactions });

  it("has its number and hashes", () => {
    expect(block([])).toMatchObject({ height: 5, hash: "0xb", parentHash: "0xa" });
    expect(() => rawBlock({ number: "0x5", hash: "0xb" })).toThrow("parentHash is absent");
  });

  it("contains its own transactions in order", () => {
    const list = [transaction("0x0"), transaction("0x1")];
    expect(rawTransactions(block(list))).toEqual(list);
    expect(() => rawTransactions(block([...list].reverse()))).toThrow("transactionIndex is 1, not 0");
    expect(() => rawTransactions(block([transaction("0x0", "0xc")]))).toThrow(
      "transaction 0's blockHash is 0xc",
    );
    expect(() => rawTransactions(block(["0xf0"]))).toThrow("not an object");
  });

  it("has the receipts of its transactions in order", () => {
    const list = rawTransactions(block([transaction("0x0"), transaction("0x1")]));
    const read = (receipts: unknown): unknown => rawReceipts(block([]), list, receipts);
    const good = [receipt("0x0"), receipt("0x1")];
    expect(read(good)).toEqual(good);
    expect(() => read(good.slice(1))).toThrow("the number of receipts is 1, not 2");
    expect(() => read([...good, receipt("0x2")])).toThrow("the number of receipts is 3, not 2");
    expect(() => read([receipt("0x0"), receipt("0x1", { blockHash: "0xc" })])).toThrow(
      "receipt 1's blockHash",
    );
    expect(() => read([receipt("0x1"), receipt("0x1")])).toThrow("a receipt's transactionIndex is 1, not 0");
    expect(() => read([receipt("0x0", { transactionHash: "0xff" }), receipt("0x1")])).toThrow(
      "receipt 0's transactionHash is 0xff, not 0xf0",
    );
    expect(() => read(null)).toThrow("receipts is null, not a list");
    expect(rawReceipts(block([]), [], null)).toEqual([]);
  });
});

describe("a node's error", () => {
  it.each([
    ["rate-limited", 429, ""],
    ["rate-limited", -32029, ""],
    ["rate-limited", -32005, "no reason"],
    ["rate-limited", 0, "rate limit"],
    ["rate-limited", 0, "ratelimited"],
    ["rate-limited", 0, "Too Many Requests"],
    ["rate-limited", 0, "exceeded its throughput"],
    ["rate-limited", 0, "out of compute units"],
    ["rate-limited", 0, "over capacity"],
    ["rate-limited", 0, "daily quota"],
    ["rate-limited", 0, "request limit"],
    ["rate-limited", 0, "limit was reached"],
    ["rate-limited", 0, "use a backoff"],
    ["too-large", 0, "response too large"],
    ["too-large", 0, "batch is too big"],
    ["too-large", 0, "size exceeded"],
    ["too-large", 0, "exceeds the maximum size"],
    ["too-large", 0, "batch limit"],
    ["too-large", -32005, "response size"],
    ["unsupported", -32601, ""],
    ["unsupported", -32004, ""],
    ["unsupported", 0, "the method eth_x does not exist"],
    ["unsupported", 0, "method is not supported"],
    ["unsupported", 0, "unknown method"],
    ["unsupported", 0, "unsupported method"],
    ["missing", 4444, ""],
    ["missing", 0, "missing trie node ab"],
    ["missing", 0, "header not found"],
    ["missing", 0, "unknown block"],
    ["missing", 0, "block out of range"],
    ["missing", 0, "history is not available"],
    ["missing", 0, "historical state"],
    ["missing", 0, "state is unavailable"],
    ["missing", -32005, "needs an archive node"],
    ["other", 0, ""],
    ["other", -32000, "execution reverted"],
  ])("is '%s' for code %d and '%s'", (fault, code, message) => {
    expect(rpcFault({ code, message })).toBe(fault);
  });
});
