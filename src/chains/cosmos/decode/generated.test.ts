// Decodes a generated chain: messages of every kind, results in the format of every node version.
import { describe, expect, it } from "vitest";
import {
  resultFormats,
  testAddress,
  makeHeight,
  makeTransaction,
  type ResultFormat,
  type GeneratedTransaction,
} from "../../../testing/cosmos-generator.js";
import { sampleMessages } from "../../../testing/cosmos-messages.js";
import { participation, type SubEvent, type Transaction } from "../../../domain/transaction.js";
import type { TaskResult } from "../../../domain/task.js";
import { blockFromRpc, resultsFromRpc } from "../rpc-responses.js";
import { decodeCosmosHeight } from "./height.js";
import { codecOf, knownMessages } from "./registry.js";
import { transactionHash } from "./transaction.js";

const chain = { network: "cosmos", chainId: "test-1" };

async function decode(
  transactions: readonly GeneratedTransaction[],
  era: ResultFormat = "finalize",
): Promise<TaskResult[]> {
  const { block, blockResults } = makeHeight("test-1", 7, { transactions, era });
  return decodeCosmosHeight(chain, {
    block: blockFromRpc(block),
    results: resultsFromRpc(blockResults).results,
  });
}

async function decodeOne(transaction: GeneratedTransaction, era?: ResultFormat): Promise<Transaction> {
  const [result] = await decode([transaction], era);
  if (result?.kind !== "height" || result.transactions[0] === undefined)
    throw new Error("Expected a height.");
  return result.transactions[0];
}

const everything: GeneratedTransaction = {
  bytes: makeTransaction(sampleMessages.map(({ packed }) => packed)),
  messageTypes: sampleMessages.map(({ packed }) => packed.typeUrl),
  events: sampleMessages.map(({ events }) => events),
};

describe.each(resultFormats)("messages with results as %s", (era) => {
  it.each(sampleMessages.map((message, index) => ({ ...message, index })))(
    "$name",
    async ({ index, expected }) => {
      const { events } = await decodeOne(everything, era);
      const { fee_payer: _payer, signer: _signer, ...node } = events[index]?.sub[0]?.node ?? {};
      expect({ ...events[index]?.sub[0], node }).toMatchObject(expected);
      expect(events[index]?.id).toBe(String(index));
      expect(events[index]?.kind).toBe(expected.type?.[0]);
    },
  );

  it("assigns events inside an exec to their nested message, each once", async () => {
    const { events } = await decodeOne(everything, era);
    const exec = events[sampleMessages.findIndex(({ name }) => name.startsWith("exec of three"))]?.sub[0];
    expect(exec?.sub?.map(({ type }) => type)).toEqual([["send"], ["delegate"], ["exec"]]);
    expect(exec?.sub?.[2]?.sub?.map(({ type }) => type)).toEqual([["send"]]);
    expect(exec?.transfers).toBeUndefined();
    expect(Object.keys(exec?.sub?.[0]?.transfers ?? {})).toEqual(["send", "spend"]);
    expect(Object.keys(exec?.sub?.[1]?.transfers ?? {})).toEqual(["reward", "reward_from"]);
    expect(exec?.sub?.[2]?.transfers).toBeUndefined();
    const innermost = exec?.sub?.[2]?.sub?.[0]?.transfers?.["send"];
    expect(innermost?.map(({ amounts }) => amounts.map(({ text }) => text))).toEqual([["8utest"]]);
  });
});

it("decodes the same transactions from every node version", async () => {
  const [first, ...rest] = await Promise.all(resultFormats.map((era) => decodeOne(everything, era)));
  for (const other of rest) expect(other.events).toEqual(first?.events);
});

describe("every known message", () => {
  const address = testAddress("someone");
  /** A message with a value in each scalar field. */
  const filled = (typeUrl: string): Uint8Array => {
    const codec = codecOf(typeUrl) as unknown as {
      encode?: (message: object) => { finish(): Uint8Array };
      decode(bytes: Uint8Array): object;
    };
    const fill = (value: unknown, name: string): unknown => {
      if (value === "") return /amount|weight|rate|limit|percentage/i.test(name) ? "7" : address;
      if (typeof value === "bigint") return 7n;
      if (value === 0) return 1;
      if (value === false) return true;
      if (value instanceof Uint8Array) return new Uint8Array([1, 2, 3]);
      if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, key)]));
    };
    return codec.encode?.(fill(codec.decode(new Uint8Array()), "") as object).finish() ?? new Uint8Array();
  };

  it.each(knownMessages())("%s is decoded without a quarantine", async (typeUrl) => {
    const results = await decode([
      { bytes: makeTransaction([{ typeUrl, value: filled(typeUrl) }]), messageTypes: [typeUrl] },
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(["height"]);
    const transaction = results[0]?.kind === "height" ? results[0].transactions[0] : undefined;
    const [event] = transaction?.events ?? [];
    expect(event?.kind).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(event?.sub[0]?.type).toEqual([event?.kind]);
    expect(event?.sub[0]?.module).toMatch(/^[a-z][a-z0-9]+$/);
    const tables = /liquidity|ethermint|\.evm\.|erc20|chainmain|icaauth|cronos|applications\.fee/.test(
      typeUrl,
    );
    if (!tables && filled(typeUrl).length > 8)
      expect(participation(transaction?.events ?? []).parties).toContain(address);
  });
});

describe("broken data", () => {
  it("keeps and quarantines bytes that are not a transaction, and decodes the rest of the block", async () => {
    const garbage = new TextEncoder().encode("ff00ff00this is not protobuf");
    const results = await decode([
      { bytes: garbage, messageTypes: [], code: 2, codespace: "sdk", log: "tx parse error" },
      { ...everything },
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(["quarantine", "height"]);
    const [quarantine, height] = results;
    if (height?.kind !== "height" || quarantine?.kind !== "quarantine")
      throw new Error("Expected a quarantine and a height.");
    expect(height.transactions).toHaveLength(2);
    expect(height.block.transactionCount).toBe(2);
    expect(height.transactions[0]).toMatchObject({
      hash: transactionHash(garbage),
      hasErrors: true,
      raw: garbage,
      events: [
        { id: "0", kind: "undecodable", sub: [{ error: "tx parse error", additional: { code: ["2"] } }] },
      ],
    });
    expect(quarantine).toMatchObject({ height: 7, index: 0, raw: garbage });
    expect(height.transactions[1]?.hasErrors).toBe(false);
  });

  it("keeps a message whose bytes do not match its type, and decodes the others of its transaction", async () => {
    const broken = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: new Uint8Array([0x0a, 0x7f, 1]) };
    const [good] = sampleMessages;
    if (good === undefined) throw new Error("No message.");
    const results = await decode([
      { bytes: makeTransaction([broken, good.packed]), messageTypes: [broken.typeUrl, good.packed.typeUrl] },
    ]);
    const [quarantine, height] = results;
    if (height?.kind !== "height") throw new Error("Expected a height.");
    expect(height.transactions[0]?.events.map(({ kind }) => kind)).toEqual([broken.typeUrl, "send"]);
    expect(height.transactions[0]?.hasErrors).toBe(true);
    expect(height.transactions[0]?.events.map(({ sub }) => sub[0]?.error !== undefined)).toEqual([
      true,
      false,
    ]);
    expect(quarantine).toMatchObject({ kind: "quarantine", index: 0, height: 7 });
  });

  it.each([
    ["no byte", new Uint8Array()],
    ["no message", makeTransaction([])],
  ])("quarantines a transaction of %s, also if its result is a success", async (_, bytes) => {
    const [quarantine, height] = await decode([{ bytes, messageTypes: [] }]);
    if (height?.kind !== "height") throw new Error("Expected a height.");
    expect(height.transactions[0]).toMatchObject({ hasErrors: true, raw: bytes });
    expect(quarantine).toMatchObject({ kind: "quarantine", index: 0, height: 7 });
  });

  it("returns the error, code and fee of a failed transaction", async () => {
    const [first, second] = sampleMessages;
    if (first === undefined || second === undefined) throw new Error("No message.");
    const log = "failed to execute message; message index: 1: insufficient funds";
    const transaction = await decodeOne({
      bytes: makeTransaction([first.packed, second.packed], {
        memo: "a memo with 🚀",
        fee: [
          { denom: "utest", amount: "5000" },
          { denom: "ibc/AB", amount: "1" },
        ],
        payer: testAddress("payer"),
        granter: testAddress("granter"),
        sequence: 41n,
      }),
      messageTypes: [first.packed.typeUrl, second.packed.typeUrl],
      code: 5,
      codespace: "sdk",
      log,
      gasWanted: 18_446_744_073_709_551_615n,
      gasUsed: 9n,
    });
    expect(transaction).toMatchObject({
      hasErrors: true,
      memo: "a memo with 🚀",
      fee: [
        { numeric: "5000", currency: "utest" },
        { numeric: "1", currency: "ibc/AB" },
      ],
      gasWanted: 18_446_744_073_709_551_615n,
      gasUsed: 9n,
      rawLog: new TextEncoder().encode(log),
    });
    expect(transaction.events.map(({ sub }) => sub[0]?.error)).toEqual([log, log]);
    expect(transaction.events.map(({ sub }) => sub[0]?.transfers)).toEqual([undefined, undefined]);
    expect(transaction.events[0]?.sub[0]).toMatchObject({
      nonce: "41",
      node: { fee_payer: [{ id: testAddress("payer") }], fee_granter: [{ id: testAddress("granter") }] },
      additional: { code: ["5"], codespace: ["sdk"] },
    });
    expect(participation(transaction.events).parties).toContain(testAddress("granter"));
  });

  it.each([
    ["reads all of 60 messages inside each other", 60, false],
    ["decodes the outer of 160 nested messages, and reports that it skipped the inner ones", 160, true],
  ])("%s", async (_, count, tooDeep) => {
    const { typeUrl } = sampleMessages.find(({ packed }) => packed.typeUrl.endsWith("MsgExec"))?.packed ?? {
      typeUrl: "",
    };
    const length = (bytes: number): number[] => (bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7]);
    let value = new Uint8Array();
    for (let depth = 0; depth < count; depth += 1) {
      const any = Buffer.concat([
        Buffer.from([0x0a, typeUrl.length]),
        Buffer.from(typeUrl),
        Buffer.from([0x12, ...length(value.length)]),
        value,
      ]);
      value = Buffer.concat([Buffer.from([0x12, ...length(any.length)]), any]);
    }
    const results = await decode([{ bytes: makeTransaction([{ typeUrl, value }]), messageTypes: [typeUrl] }]);
    const height = results.at(-1);
    if (height?.kind !== "height") throw new Error("Expected a height.");
    const [transaction] = height.transactions;
    let depth = 0;
    for (
      let sub: SubEvent | undefined = transaction?.events[0]?.sub[0];
      sub !== undefined;
      sub = sub.sub?.[0]
    )
      depth += 1;
    expect(depth).toBe(tooDeep ? 102 : 61);
    expect(transaction?.hasErrors).toBe(tooDeep);
    expect(results.map(({ kind }) => kind)).toEqual(tooDeep ? ["quarantine", "height"] : ["height"]);
  });
});
