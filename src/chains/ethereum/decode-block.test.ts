// Blocks and transactions in the common format, by their exact values.
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../domain/transaction.js";
import { decodeEthereumBlock, decodeEthereumHeight, decodeEthereumTransaction } from "./decode-block.js";
import { MalformedError, type Fields } from "./fields.js";

const chain = { network: "ethereum", chainId: "7" };
const context = { chain, currency: "ETH", raw: false };
const hash = (byte: string): `0x${string}` => `0x${byte.repeat(32)}`;
const account = (byte: string): `0x${string}` => `0x${byte.repeat(20)}`;
const [alice, bob, contract] = [account("a1"), account("b0"), account("c0")];
const block = { chain, height: 9, hash: hash("09"), time: 1_700_000_000_000_000_000n, transactionCount: 3 };
const fields: Fields = {
  hash: hash("ab"),
  transactionIndex: "0x2",
  type: "0x2",
  from: alice,
  to: bob,
  nonce: "0x11",
  value: "0xde0b6b3a7640000",
  input: "0x",
  gas: "0x5300",
  gasPrice: "0x5",
};
const receipt: Fields = {
  status: "0x1",
  gasUsed: "0x5208",
  effectiveGasPrice: "0x3",
  contractAddress: null,
  logs: [],
};
const decode = (changes: Fields = {}, receiptChanges: Fields = {}): Promise<Transaction> =>
  decodeEthereumTransaction(
    block,
    { fields: { ...fields, ...changes }, receipt: { ...receipt, ...receiptChanges } },
    context,
  );
const actionOf = async (changes: Fields, receiptChanges: Fields = {}): Promise<unknown> =>
  (await decode(changes, receiptChanges)).events[0]?.sub[0];
const feeOf = async (changes: Fields, receiptChanges: Fields): Promise<string | undefined> =>
  (await decode(changes, receiptChanges)).fee[0]?.numeric;
const ether = { text: "1", currency: "ETH", numeric: "1000000000000000000", exp: 18 };

describe("a transaction", () => {
  it("that transfers coins has all fields of the common format", async () => {
    expect(await decode()).toEqual({
      chain,
      hash: hash("ab"),
      blockHash: hash("09"),
      height: 9,
      index: 2,
      time: 1_700_000_000_000_000_000n,
      // 21,000 gas at 3 wei.
      fee: [{ text: "0.000000000000063", currency: "ETH", numeric: "63000", exp: 18 }],
      gasWanted: 21_248n,
      gasUsed: 21_000n,
      memo: "",
      hasErrors: false,
      events: [
        {
          id: "0",
          kind: "transfer",
          sub: [
            {
              type: ["transfer"],
              sender: [{ account: { id: alice }, amounts: [ether] }],
              recipient: [{ account: { id: bob }, amounts: [ether] }],
              nonce: "17",
              amount: { value: ether },
              additional: { transactionType: ["0x2"] },
            },
          ],
        },
      ],
      rawLog: new TextEncoder().encode("[]"),
    });
  });

  it("that calls a contract has the selector as action, and is a transfer only with a value", async () => {
    expect(await actionOf({ input: "0xa9059cbb0011", value: "0x0" })).toEqual({
      type: ["call"],
      action: "0xa9059cbb",
      module: bob,
      sender: [{ account: { id: alice }, amounts: [] }],
      recipient: [{ account: { id: bob }, amounts: [] }],
      nonce: "17",
      additional: { transactionType: ["0x2"] },
    });
    expect(await actionOf({ input: "0xa9059cbb" })).toMatchObject({ type: ["call", "transfer"] });
  });

  it("that creates a contract has it as recipient, unless it failed", async () => {
    const creation = { to: null, input: "0x6000", value: "0x0" };
    expect(await actionOf(creation, { contractAddress: contract })).toEqual({
      type: ["create"],
      sender: [{ account: { id: alice }, amounts: [] }],
      recipient: [{ account: { id: contract }, amounts: [] }],
      node: { contract: [{ id: contract }] },
      nonce: "17",
      additional: { transactionType: ["0x2"] },
    });
    const failed = { contractAddress: contract, status: "0x0" };
    expect(await actionOf(creation, failed)).not.toHaveProperty("recipient");
    // The contract that a call names in its receipt is not created by it.
    expect(await actionOf({}, { contractAddress: contract })).not.toHaveProperty("node");
  });

  it("that failed moved nothing, but keeps its value", async () => {
    const { hasErrors, events } = await decode({}, { status: "0x0" });
    expect(hasErrors).toBe(true);
    expect(events[0]?.sub[0]).toMatchObject({
      sender: [{ account: { id: alice }, amounts: [] }],
      recipient: [{ account: { id: bob }, amounts: [] }],
      amount: { value: ether },
      error: "The transaction failed: its status is 0.",
    });
  });

  it("from before Byzantium has no status and counts as successful", async () => {
    expect(await decode({ type: undefined }, { status: undefined })).toMatchObject({
      hasErrors: false,
      events: [{ sub: [{ additional: { transactionType: ["0x0"] } }] }],
    });
  });

  it("pays the effective price, else the price of the transaction, and for blobs and layer 1 as well", async () => {
    expect(await feeOf({}, { effectiveGasPrice: undefined })).toBe("105000");
    expect(await feeOf({ gasPrice: undefined }, { effectiveGasPrice: undefined })).toBe("0");
    expect(await feeOf({}, { blobGasUsed: "0x20000", blobGasPrice: "0x7" })).toBe(
      String(63_000 + 131_072 * 7),
    );
    expect(await feeOf({}, { l1Fee: "0x64" })).toBe("63100");
  });

  it("has an event for each log, numbered from 1 after its own action", async () => {
    const log = { address: contract, topics: [hash("05")], data: "0x", logIndex: "0x7" };
    const { events, rawLog } = await decode({}, { logs: [log, log] });
    expect(events.map(({ id, kind }) => [id, kind])).toEqual([
      ["0", "transfer"],
      ["1", hash("05")],
      ["2", hash("05")],
    ]);
    expect(new TextDecoder().decode(rawLog)).toBe(JSON.stringify([log, log]));
  });

  it("names its blobs", async () => {
    expect(await actionOf({ blobVersionedHashes: [hash("01")] })).toMatchObject({
      additional: { blobVersionedHashes: [hash("01")] },
    });
  });

  it("that sets code names the signers of the valid authorizations", async () => {
    const signer = privateKeyToAccount(hash("42"));
    const signed = async (chainId: number, nonce: number): Promise<Fields> => {
      const { r, s, yParity } = await signer.signAuthorization({ chainId, nonce, contractAddress: contract });
      return {
        chainId: `0x${chainId}`,
        address: contract,
        nonce: `0x${nonce}`,
        r,
        s,
        yParity: `0x${yParity}`,
      };
    };
    const first = await signed(7, 0);
    // Without yParity, v has the parity; 1 is not its default.
    const candidates = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((nonce) => signed(0, nonce)));
    const { yParity, ...older } = candidates.find((each) => each["yParity"] === "0x1") ?? first;
    expect(yParity).toBe("0x1");
    const authorizationList = [first, { ...first, r: hash("00") }, { ...older, v: yParity }];
    const authority = signer.address.toLowerCase();
    expect(await actionOf({ type: "0x4", authorizationList })).toMatchObject({
      type: ["transfer", "set_code"],
      node: { authority: [{ id: authority }, { id: authority }] },
      additional: { setCode: [`${authority}=${contract}`, `${authority}=${contract}`] },
    });
    const changed = await actionOf({ authorizationList: [{ ...first, nonce: "0x1" }] });
    expect(JSON.stringify(changed)).not.toContain(authority);
  });
});

describe("a block", () => {
  const raw = {
    fields: { timestamp: "0x65", transactions: [1, 2], miner: account("AA") },
    height: 5,
    hash: hash("05"),
    parentHash: hash("04"),
  };

  it("has its time in nanoseconds, its proposer in lower case and its number of transactions", () => {
    expect(decodeEthereumBlock(raw, chain)).toEqual({
      chain,
      height: 5,
      hash: hash("05"),
      parentHash: hash("04"),
      time: 101_000_000_000n,
      proposer: account("aa"),
      transactionCount: 2,
    });
  });

  it("at height 0 has no parent, and may have no proposer", () => {
    const genesis = { ...raw, height: 0, fields: { ...raw.fields, miner: undefined } };
    expect(decodeEthereumBlock(genesis, chain)).not.toHaveProperty("parentHash");
    expect(decodeEthereumBlock(genesis, chain)).not.toHaveProperty("proposer");
  });

  it("is malformed if a transaction has no receipt or a malformed field, and names the transaction", async () => {
    const transactions = [
      { ...fields, transactionIndex: "0x0" },
      { ...fields, value: "5" },
    ];
    const height = { ...raw, transactions, receipts: [receipt] };
    await expect(decodeEthereumHeight(height, context)).rejects.toThrow("transaction 1 has no receipt");
    const complete = { ...height, receipts: [receipt, receipt] };
    await expect(decodeEthereumHeight(complete, context)).rejects.toThrow(
      new MalformedError('transaction 1: value is "5", not a hexadecimal number'),
    );
    const decoded = await decodeEthereumHeight(
      { ...complete, transactions: [transactions[0] ?? {}] },
      context,
    );
    expect(decoded.transactions).toMatchObject([{ index: 0, blockHash: hash("05"), height: 5 }]);
  });
});
