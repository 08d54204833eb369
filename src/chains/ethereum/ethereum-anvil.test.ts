// The reader on a real node, compared field by field with the node's own data.
import { createHash } from "node:crypto";
import { keccak256, parseTransaction, toHex, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { participation, type SubEvent, type Transaction } from "../../domain/transaction.js";
import { silentLogger } from "../../lib/logger.js";
import { anvilAccounts, anvilKeys, hasAnvil, startAnvil, type Anvil } from "../../testing/anvil.js";
import {
  creationOf,
  emittingCode,
  emittingThenReverting,
  revertingCode,
  word,
  words,
  type PlannedLog,
} from "../../testing/ethereum-bytecode.js";
import type { ChainReader } from "../port.js";
import { createEthereumChain, readEthereumChainId, type EthereumChainOptions } from "./ethereum-chain.js";
import { fieldsList, fieldsOf, type Fields } from "./fields.js";

const signal = new AbortController().signal;
const [alice, bob, carol] = anvilAccounts;
const zero = "0x0000000000000000000000000000000000000000";
const transferTopic = keccak256(toHex("Transfer(address,address,uint256)"));
const singleTopic = keccak256(toHex("TransferSingle(address,address,address,uint256,uint256)"));
const batchTopic = keccak256(toHex("TransferBatch(address,address,address,uint256[],uint256[])"));
const otherTopic = keccak256(toHex("Approval(address,address,uint256)"));
const huge = 2n ** 256n - 1n;

/** The logs that the contract `everyLog` emits. */
const logs = {
  erc20: { topics: [transferTopic, word(alice), word(bob)], data: words(123_456_789n) },
  erc20Mint: { topics: [transferTopic, word(zero), word(bob)], data: words(huge) },
  erc20Burn: { topics: [transferTopic, word(bob), word(zero)], data: words(1) },
  erc721: { topics: [transferTopic, word(bob), word(carol), word(77)], data: "0x" },
  single: { topics: [singleTopic, word(alice), word(bob), word(carol)], data: words(5, 600) },
  batch: {
    topics: [batchTopic, word(alice), word(zero), word(carol)],
    data: words(64, 160, 2, 7, 8, 2, 70, 80),
  },
  approval: { topics: [otherTopic, word(alice), word(bob)], data: words(9) },
  anonymous: { topics: [], data: "0xc0ffee" },
  notAnAddress: { topics: [transferTopic, word(huge), word(bob)], data: words(1) },
  shortData: { topics: [transferTopic, word(alice), word(bob)], data: "0x01" },
  brokenBatch: { topics: [batchTopic, word(alice), word(bob), word(carol)], data: words(64, huge) },
} satisfies Record<string, PlannedLog>;

let anvil: Anvil;
let reader: ChainReader;
/** Addresses of contracts by behaviour. */
const contracts = { everyLog: "", reverting: "", logsThenReverts: "" };
/** Hashes of transactions by name. */
const sent: Record<string, string> = {};

function open(options: Partial<EthereumChainOptions> = {}): ChainReader {
  return createEthereumChain({
    urls: [anvil.url],
    chainId: anvil.chainId,
    logger: silentLogger(),
    ...options,
  });
}

async function resultsOf(request: TaskRequest, from: ChainReader = reader): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  for await (const result of from.execute(request, signal)) results.push(result);
  return results;
}

async function failureOf(request: TaskRequest, from: ChainReader = reader): Promise<TaskFailure> {
  try {
    await resultsOf(request, from);
  } catch (error) {
    if (error instanceof TaskFailure) return error;
    throw error;
  }
  throw new Error("the task did not fail");
}

async function read(name: string): Promise<Transaction> {
  const [result] = await resultsOf({ kind: "transaction", chain: reader.chain, hash: sent[name] ?? "" });
  if (result?.kind !== "transaction") throw new Error(`'${name}' is not a transaction`);
  return result.transaction;
}

async function nodeBlock(height: number): Promise<Fields> {
  return fieldsOf(await anvil.rpc("eth_getBlockByNumber", toHex(height), true), "block");
}

async function deploy(code: string): Promise<string> {
  const hash = await anvil.send({ from: alice, data: creationOf(code) });
  await anvil.mine();
  return String(fieldsOf(await anvil.rpc("eth_getTransactionReceipt", hash), "receipt")["contractAddress"]);
}

const big = (value: unknown): bigint => BigInt(String(value));

async function createHistory(): Promise<void> {
  contracts.everyLog = await deploy(emittingCode(Object.values(logs)));
  contracts.reverting = await deploy(revertingCode);
  contracts.logsThenReverts = await deploy(emittingThenReverting([logs.erc20]));
  await anvil.mine(2);

  const send = async (name: string, transaction: Record<string, unknown>): Promise<void> => {
    sent[name] = await anvil.send({ from: alice, gas: "0x80000", ...transaction });
  };
  await send("legacy", { to: bob, value: toHex(10n ** 18n), gasPrice: toHex(3n * 10n ** 9n) });
  const accessList = [{ address: contracts.everyLog, storageKeys: [word(1), word(2)] }];
  await send("accessList", { to: bob, value: "0x1", gasPrice: toHex(3n * 10n ** 9n), accessList });
  await send("dynamicFee", { to: bob, value: toHex(1_500_000_000_000_000_001n) });
  await send("noValue", { to: bob });
  await send("create", { data: creationOf(emittingCode([logs.erc20])) });
  await send("call", { to: contracts.everyLog, value: "0x7", data: "0xa9059cbb0001" });
  await send("reverted", { to: contracts.reverting, value: "0x5", data: "0x12345678" });
  await send("revertedLogs", { to: contracts.logsThenReverts });
  await send("failedCreate", { data: "0x60006000fd", value: "0x2" });
  await anvil.mine();

  const infinity = `0xc0${"00".repeat(47)}` as const;
  const digest = createHash("sha256")
    .update(Buffer.from(infinity.slice(2), "hex"))
    .digest("hex");
  const signer = privateKeyToAccount(anvilKeys[1]);
  const authority = privateKeyToAccount(anvilKeys[2]);
  const fees = { chainId: 31_337, gas: 500_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n };
  const blob = `0x${"00".repeat(131_072)}` as const;
  const raw = async (name: string, bytes: Hex): Promise<void> => {
    sent[name] = String(await anvil.rpc("eth_sendRawTransaction", bytes));
  };
  await raw(
    "blob",
    await signer.signTransaction({
      ...fees,
      type: "eip4844",
      nonce: 0,
      to: carol,
      value: 3n,
      maxFeePerBlobGas: 10n ** 9n,
      blobVersionedHashes: [`0x01${digest.slice(2)}`],
      // The zero polynomial, whose commitment and proof are the point at infinity.
      sidecars: [{ blob, commitment: infinity, proof: infinity }],
    }),
  );
  const delegation = await authority.signAuthorization({ contractAddress: bob, chainId: 31_337, nonce: 0 });
  const removal = await authority.signAuthorization({ contractAddress: zero, chainId: 0, nonce: 1 });
  await raw(
    "setCode",
    await signer.signTransaction({
      ...fees,
      type: "eip7702",
      nonce: 1,
      to: carol,
      authorizationList: [delegation, removal],
    }),
  );
  await anvil.mine();
  for (let at = 0; at < 60; at += 1) await anvil.send({ from: carol, to: bob, value: toHex(at) });
  await anvil.mine();
  await anvil.mine(30);
}

describe.skipIf(!hasAnvil)("the Ethereum reader on a real node", () => {
  beforeAll(async () => {
    anvil = await startAnvil({ args: ["--hardfork", "prague"] });
    reader = open();
    await createHistory();
  });
  afterAll(() => anvil.stop());

  it("yields every height with the node's data in every field", async () => {
    const { height: head } = await reader.head(signal);
    const results = await resultsOf({ kind: "heights", chain: reader.chain, range: { from: 0, to: head } });
    expect(results).toHaveLength(head + 1);
    for (const [height, result] of results.entries()) {
      if (result.kind !== "height") throw new Error(`height ${height} has the kind ${result.kind}`);
      const expected = await nodeBlock(height);
      const transactions = fieldsList(expected["transactions"], "transactions");
      expect(result.block).toEqual({
        chain: { network: "ethereum", chainId: "31337" },
        height,
        hash: expected["hash"],
        ...(height > 0 && { parentHash: expected["parentHash"] }),
        time: big(expected["timestamp"]) * 1_000_000_000n,
        proposer: expected["miner"],
        transactionCount: transactions.length,
      });
      expect(result.transactions.map(({ hash }) => hash)).toEqual(transactions.map(({ hash }) => hash));
      for (const [index, transaction] of result.transactions.entries()) {
        await compare(transaction, fieldsOf(transactions[index], "transaction"), expected);
      }
    }
  });

  /** Compares a transaction's general fields with the node's receipt and the decoded bytes. */
  async function compare(transaction: Transaction, node: Fields, block: Fields): Promise<void> {
    const receipt = fieldsOf(await anvil.rpc("eth_getTransactionReceipt", transaction.hash), "receipt");
    const gas = big(receipt["gasUsed"]) * big(receipt["effectiveGasPrice"]);
    const blobs = big(receipt["blobGasUsed"] ?? 0) * big(receipt["blobGasPrice"] ?? 0);
    expect(transaction).toMatchObject({
      blockHash: block["hash"],
      height: Number(big(block["number"])),
      index: Number(big(node["transactionIndex"])),
      time: big(block["timestamp"]) * 1_000_000_000n,
      gasWanted: big(node["gas"]),
      gasUsed: big(receipt["gasUsed"]),
      memo: "",
      hasErrors: receipt["status"] === "0x0",
      fee: [{ currency: "ETH", numeric: String(gas + blobs), exp: 18 }],
    });
    expect(big(transaction.fee[0]?.text.replace(".", "").padEnd(1, "0"))).toBeGreaterThan(0n);
    const nodeLogs = fieldsList(receipt["logs"], "logs");
    expect(JSON.parse(Buffer.from(transaction.rawLog ?? []).toString())).toEqual(nodeLogs);
    expect(transaction.events.map(({ id }) => id)).toEqual(
      [0, ...nodeLogs.map((_, at) => at + 1)].map(String),
    );
    const action = transaction.events[0]?.sub[0];
    expect(action).toMatchObject({
      nonce: String(big(node["nonce"])),
      sender: [{ account: { id: node["from"] } }],
      additional: { transactionType: [node["type"]] },
    });
    expect(action?.error !== undefined).toBe(receipt["status"] === "0x0");
    const raw = toHex(transaction.raw ?? new Uint8Array());
    expect(keccak256(raw)).toBe(transaction.hash);
    const parsed = parseTransaction(raw);
    expect(parsed.value ?? 0n).toBe(big(node["value"]));
    expect(parsed.to ?? undefined).toBe(node["to"] ?? undefined);
    expect(parsed.data ?? "0x").toBe(node["input"]);
  }

  it("decodes a transfer as one event, with the value at sender and recipient", async () => {
    const transaction = await read("dynamicFee");
    const amounts = [
      { text: "1.500000000000000001", currency: "ETH", numeric: "1500000000000000001", exp: 18 },
    ];
    expect(transaction.events).toEqual([
      {
        id: "0",
        kind: "transfer",
        sub: [
          {
            type: ["transfer"],
            sender: [{ account: { id: alice }, amounts }],
            recipient: [{ account: { id: bob }, amounts }],
            nonce: "5",
            amount: { value: amounts[0] },
            additional: { transactionType: ["0x2"] },
          },
        ],
      },
    ]);
  });

  it.each([
    ["legacy", "0x0"],
    ["accessList", "0x1"],
    ["dynamicFee", "0x2"],
    ["blob", "0x3"],
    ["setCode", "0x4"],
  ])("reads a transaction of type %s", async (name, type) => {
    const transaction = await read(name);
    expect(transaction.events[0]?.sub[0]?.additional?.["transactionType"]).toEqual([type]);
    expect(transaction.hasErrors).toBe(false);
    expect(transaction.raw?.[0]).toBe(type === "0x0" ? transaction.raw?.[0] : Number(type));
  });

  it("includes blob gas in the fee, and the blob hashes", async () => {
    const transaction = await read("blob");
    const receipt = fieldsOf(await anvil.rpc("eth_getTransactionReceipt", transaction.hash), "receipt");
    expect(big(receipt["blobGasUsed"])).toBe(131_072n);
    const withoutBlobs = big(receipt["gasUsed"]) * big(receipt["effectiveGasPrice"]);
    expect(BigInt(transaction.fee[0]?.numeric ?? 0)).toBe(
      withoutBlobs + 131_072n * big(receipt["blobGasPrice"]),
    );
    expect(transaction.events[0]?.sub[0]?.additional?.["blobVersionedHashes"]).toHaveLength(1);
  });

  it("includes the accounts whose code a transaction sets", async () => {
    const transaction = await read("setCode");
    expect(transaction.events[0]?.sub[0]).toMatchObject({
      type: ["transfer", "set_code"],
      node: { authority: [{ id: carol }, { id: carol }] },
      additional: { setCode: [`${carol}=${bob}`, `${carol}=${zero}`] },
    });
    expect(participation(transaction.events).parties).toContain(carol);
  });

  it("includes a created contract and the value that it received", async () => {
    const transaction = await read("create");
    const receipt = fieldsOf(await anvil.rpc("eth_getTransactionReceipt", transaction.hash), "receipt");
    const created = receipt["contractAddress"];
    expect(transaction.events[0]).toMatchObject({
      kind: "create",
      sub: [
        {
          type: ["create"],
          recipient: [{ account: { id: created } }],
          node: { contract: [{ id: created }] },
        },
      ],
    });
  });

  it("decodes input as a call with its selector", async () => {
    const { events } = await read("call");
    const amounts = [{ text: "0.000000000000000007", currency: "ETH", numeric: "7", exp: 18 }];
    expect(events[0]).toMatchObject({
      kind: "call",
      sub: [
        {
          type: ["call", "transfer"],
          action: "0xa9059cbb",
          module: contracts.everyLog,
          recipient: [{ account: { id: contracts.everyLog }, amounts }],
        },
      ],
    });
  });

  it.each(["reverted", "revertedLogs", "failedCreate"])(
    "decodes no transfer of value in a failed transaction (%s)",
    async (name) => {
      const transaction = await read(name);
      const action = transaction.events[0]?.sub[0];
      expect(transaction).toMatchObject({ hasErrors: true, events: [{ id: "0" }] });
      expect(action?.error).toContain("failed");
      expect(action?.sender).toEqual([{ account: { id: alice }, amounts: [] }]);
      expect(action?.recipient?.flatMap(({ amounts }) => amounts) ?? []).toEqual([]);
      const node = fieldsOf(await anvil.rpc("eth_getTransactionByHash", transaction.hash), "transaction");
      expect(action?.amount?.["value"]?.numeric ?? "0").toBe(String(big(node["value"])));
      expect(BigInt(transaction.fee[0]?.numeric ?? 0)).toBeGreaterThan(0n);
    },
  );

  it("decodes token transfers from logs, and keeps every other log raw", async () => {
    const { events } = await read("call");
    const token = contracts.everyLog;
    const units = (currency: string, numeric: string | bigint): object => {
      const text = String(numeric);
      return { text, currency, numeric: text, exp: 0 };
    };
    const moved = (from: string, to: string, ...amounts: object[]): object => ({
      module: token,
      sender: [{ account: { id: from }, amounts }],
      recipient: [{ account: { id: to }, amounts }],
    });
    const raw = (log: PlannedLog): object => ({
      module: token,
      additional: { topics: log.topics, data: [log.data] },
    });
    const expected: readonly (readonly [string, object])[] = [
      ["erc20_transfer", { action: "transfer", ...moved(alice, bob, units(token, "123456789")) }],
      ["erc20_transfer", { action: "mint", ...moved(zero, bob, units(token, huge)) }],
      ["erc20_transfer", { action: "burn", ...moved(bob, zero, units(token, "1")) }],
      ["erc721_transfer", { action: "transfer", ...moved(bob, carol, units(`erc721:${token}/77`, "1")) }],
      [
        "erc1155_transfer",
        { node: { operator: [{ id: alice }] }, ...moved(bob, carol, units(`erc1155:${token}/5`, "600")) },
      ],
      [
        "erc1155_transfer",
        {
          action: "mint",
          ...moved(zero, carol, units(`erc1155:${token}/7`, "70"), units(`erc1155:${token}/8`, "80")),
        },
      ],
      [otherTopic, raw(logs.approval)],
      ["log", raw(logs.anonymous)],
      [transferTopic, raw(logs.notAnAddress)],
      [transferTopic, raw(logs.shortData)],
      [batchTopic, raw(logs.brokenBatch)],
    ];
    const found = events.slice(1);
    expect(found.map(({ kind }) => kind)).toEqual(expected.map(([kind]) => kind));
    for (const [at, [kind, sub]] of expected.entries()) {
      const only: SubEvent | undefined = found[at]?.sub[0];
      expect(only).toMatchObject(sub);
      expect(only?.type).toEqual([kind]);
      expect(only?.additional?.["logIndex"]).toEqual([String(at)]);
    }
  });

  it("returns the same transaction by hash as by height, for a hash in any case", async () => {
    const hash = sent["call"] ?? "";
    const upper = `0x${hash.slice(2).toUpperCase()}`;
    const [result] = await resultsOf({ kind: "transaction", chain: reader.chain, hash: upper });
    if (result?.kind !== "transaction") throw new Error("not a transaction");
    const { height } = result.block;
    const [whole] = await resultsOf({
      kind: "heights",
      chain: reader.chain,
      range: { from: height, to: height },
    });
    expect(whole).toMatchObject({ kind: "height", block: result.block });
    expect(whole?.kind === "height" && whole.transactions[result.transaction.index]).toEqual(
      result.transaction,
    );
  });

  it("fails without retry for an unknown, pending or malformed hash", async () => {
    const request = (hash: string): TaskRequest => ({ kind: "transaction", chain: reader.chain, hash });
    const unknown = await failureOf(request(word(1)));
    expect(unknown).toMatchObject({ retry: "never", details: { type: "not_found" } });
    for (const hash of ["", "0x12", "hello", word(1).slice(2)]) {
      expect(await failureOf(request(hash))).toMatchObject({
        retry: "never",
        details: { type: "bad_request" },
      });
    }
    const own = await startAnvil();
    try {
      const pending = await own.send({ from: alice, to: bob });
      const failure = await failureOf(request(pending), open({ urls: [own.url] }));
      expect(failure).toMatchObject({ retry: "never", details: { type: "not_found" } });
      expect(failure.message).toContain("not in a block yet");
    } finally {
      await own.stop();
    }
  });

  it("returns a balance at any height, and rejects malformed accounts, future heights and unsupported kinds", async () => {
    const { height } = await reader.head(signal);
    for (const at of [0, 3, height]) {
      const expected = big(await anvil.rpc("eth_getBalance", bob, toHex(at)));
      const account = `0x${bob.slice(2).toUpperCase()}`;
      const [result] = await resultsOf({ kind: "balance", chain: reader.chain, account, height: at });
      expect(result).toMatchObject({
        height: at,
        balances: [{ currency: "ETH", numeric: String(expected), exp: 18 }],
      });
    }
    const fail = (kind: "balance" | "reward", account: string, at: number): Promise<TaskFailure> =>
      failureOf({ kind, chain: reader.chain, account, height: at });
    expect(await fail("balance", bob, height + 1)).toMatchObject({ details: { type: "above_head" } });
    expect(await fail("balance", "bob", 1)).toMatchObject({
      retry: "never",
      details: { type: "bad_request" },
    });
    expect(await fail("reward", bob, 1)).toMatchObject({ retry: "never", details: { type: "bad_request" } });
  });

  it("yields the heights up to the head, then fails with above_head", async () => {
    const { height } = await reader.head(signal);
    const seen: number[] = [];
    const range = { from: height - 2, to: height + 100 };
    const reading = (async () => {
      for await (const result of reader.execute({ kind: "heights", chain: reader.chain, range }, signal)) {
        if (result.kind === "height") seen.push(result.block.height);
      }
    })();
    await expect(reading).rejects.toMatchObject({
      retry: "other-worker",
      details: { type: "above_head", height: height + 1 },
    });
    expect(seen).toEqual([height - 2, height - 1, height]);
  });

  it("yields the latest heights after a height or up to the head, and none on a shorter chain", async () => {
    const { height: head } = await reader.head(signal);
    const latest = async (limit: number, after?: number): Promise<number[]> => {
      const known = after === undefined ? {} : { after: { height: after } };
      const results = await resultsOf({ kind: "latest", chain: reader.chain, limit, ...known });
      return results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
    };
    expect(await latest(3)).toEqual([head - 2, head - 1, head]);
    expect(await latest(1000)).toHaveLength(head + 1);
    expect(await latest(2, 4)).toEqual([5, 6]);
    expect(await latest(100, head - 1)).toEqual([head]);
    expect(await latest(100, head)).toEqual([]);
    expect(await latest(100, head + 5000)).toEqual([]);
  });

  it("reads the chain id, and refuses a node of another chain", async () => {
    const nodes = { urls: [anvil.url], logger: silentLogger() };
    expect(await readEthereumChainId(nodes, signal)).toBe("31337");
    const failure = await failureOf(
      { kind: "heights", chain: reader.chain, range: { from: 0, to: 0 } },
      open({ chainId: "1" }),
    );
    expect(failure.details.type).toBe("wrong_chain");
    expect(failure.message).toContain("chain id '31337', not '1'");
  });
});

describe.skipIf(!hasAnvil)("the Ethereum reader while the chain is reorganised", () => {
  it("yields every height once, linked after the reorganisation, and the new chain on the next read", async () => {
    const node = await startAnvil();
    try {
      const fill = async (blocks: number): Promise<void> => {
        for (let at = 0; at < blocks; at += 1) {
          await node.send({ from: alice, to: bob, value: toHex(at + 1) });
          await node.mine();
        }
      };
      await fill(30);
      const chain = createEthereumChain({
        urls: [node.url],
        chainId: node.chainId,
        logger: silentLogger(),
        readAhead: { batchHeights: 1, parallel: 1 },
      });
      const range = { from: 1, to: 30 };
      const first: { height: number; hash: string; parentHash: string | undefined }[] = [];
      for await (const result of chain.execute({ kind: "heights", chain: chain.chain, range }, signal)) {
        if (result.kind !== "height") throw new Error(result.kind);
        const { height, hash, parentHash } = result.block;
        first.push({ height, hash, parentHash });
        // Replaces the last five blocks after the reader yielded two of them.
        if (height === 27) await node.rpc("anvil_reorg", 5, [[{ from: carol, to: bob, value: "0x9" }, 0]]);
      }
      expect(first.map(({ height }) => height)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
      const breaks = first.filter(({ parentHash }, at) => at > 0 && parentHash !== first[at - 1]?.hash);
      expect(breaks).toHaveLength(1);
      const at = breaks[0]?.height ?? 0;
      expect(at).toBeGreaterThan(27);
      for (const { height, hash } of first.slice(at - 1)) {
        const expected = fieldsOf(await node.rpc("eth_getBlockByNumber", toHex(height), false), "block");
        expect(hash).toBe(expected["hash"]);
      }
      let previous: string | undefined;
      for await (const result of chain.execute({ kind: "heights", chain: chain.chain, range }, signal)) {
        if (result.kind !== "height") throw new Error(result.kind);
        const { height, hash, parentHash } = result.block;
        const expected = fieldsOf(await node.rpc("eth_getBlockByNumber", toHex(height), false), "block");
        expect(hash).toBe(expected["hash"]);
        if (previous !== undefined) expect(parentHash).toBe(previous);
        previous = hash;
      }
    } finally {
      await node.stop();
    }
  });
});
