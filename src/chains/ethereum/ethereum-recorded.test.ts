// The reader on recorded responses of other Ethereum clients, including blob and set-code transactions.
import { keccak256, parseTransaction, recoverTransactionAddress, toHex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../domain/transaction.js";
import { silentLogger } from "../../lib/logger.js";
import { readRecordings, type Recordings } from "../../testing/ethereum-recordings.js";
import { startStandInNode, type StandInNode } from "../../testing/ethereum-stand-in.js";
import { hasFixtures } from "../../testing/shared-fixtures.js";
import type { ChainReader } from "../port.js";
import { decodeEthereumTransaction } from "./decode-block.js";
import { createEthereumChain } from "./ethereum-chain.js";

const signal = new AbortController().signal;
const big = (value: unknown): bigint => BigInt(String(value));
let recordings: Recordings;
let node: StandInNode;
let reader: ChainReader;

/** Decodes a recorded transaction and its receipt; its block may not be recorded. */
function decode(hash: string): Promise<Transaction> {
  const [fields, receipt] = [recordings.transactions.get(hash), recordings.receipts.get(hash)];
  if (fields === undefined || receipt === undefined) throw new Error(`${hash} is not recorded`);
  const block = {
    chain: reader.chain,
    height: Number(fields["blockNumber"]),
    hash: String(fields["blockHash"]),
    time: 0n,
    transactionCount: 1,
  };
  return decodeEthereumTransaction(
    block,
    { fields, receipt },
    { chain: reader.chain, currency: "ETH", raw: true },
  );
}

/** Returns the hashes of recorded transactions of a type that have a receipt. */
function hashesOfType(type: string): string[] {
  return [...recordings.transactions]
    .filter(([hash, fields]) => fields["type"] === type && recordings.receipts.has(hash))
    .map(([hash]) => hash);
}

// The recordings exist only beside the developers' checkout; the suite on a real node covers the same types everywhere.
describe.skipIf(!hasFixtures)(
  "the Ethereum reader on recorded responses (only beside the developers' checkout)",
  () => {
    beforeAll(async () => {
      recordings = readRecordings();
      node = await startStandInNode({ respond: (call) => recordings.respond(call) });
      const chainId = BigInt(recordings.chainId).toString();
      reader = createEthereumChain({ urls: [node.url], chainId, logger: silentLogger() });
    });
    afterAll(() => node.stop());

    it.each(["0x0", "0x1", "0x2", "0x3", "0x4"])("decodes transactions of type %s", async (type) => {
      const hashes = hashesOfType(type);
      expect(hashes.length).toBeGreaterThan(0);
      for (const hash of hashes) {
        const transaction = await decode(hash);
        const fields = recordings.transactions.get(hash) ?? {};
        const receipt = recordings.receipts.get(hash) ?? {};
        const gas = big(receipt["gasUsed"]) * big(receipt["effectiveGasPrice"]);
        const blobs = big(receipt["blobGasUsed"] ?? 0) * big(receipt["blobGasPrice"] ?? 0);
        const logs = Array.isArray(receipt["logs"]) ? receipt["logs"] : [];
        expect(transaction).toMatchObject({
          hash,
          index: Number(fields["transactionIndex"]),
          fee: [{ currency: "ETH", numeric: String(gas + blobs), exp: 18 }],
          gasWanted: big(fields["gas"]),
          gasUsed: big(receipt["gasUsed"]),
          hasErrors: receipt["status"] === "0x0",
        });
        expect(transaction.events).toHaveLength(logs.length + 1);
        const action = transaction.events[0]?.sub[0];
        expect(action?.sender?.[0]?.account.id).toBe(fields["from"]);
        const target = fields["to"] ?? receipt["contractAddress"];
        if (!transaction.hasErrors) expect(action?.recipient?.[0]?.account.id).toBe(target);
        const raw = toHex(transaction.raw ?? new Uint8Array());
        expect(keccak256(raw)).toBe(hash);
        expect(parseTransaction(raw).nonce ?? 0).toBe(Number(fields["nonce"]));
        if (type === "0x2") {
          const parsed = toHex(transaction.raw ?? new Uint8Array()) as `0x02${string}`;
          expect((await recoverTransactionAddress({ serializedTransaction: parsed })).toLowerCase()).toBe(
            fields["from"],
          );
        }
      }
    });

    it("includes blob gas in the fee, and the authority of a set-code transaction", async () => {
      const [blob] = await Promise.all(hashesOfType("0x3").map(decode));
      const receipt = recordings.receipts.get(blob?.hash ?? "") ?? {};
      expect(big(receipt["blobGasUsed"])).toBe(131_072n);
      expect(blob?.events[0]?.sub[0]?.additional?.["blobVersionedHashes"]).toHaveLength(1);
      const [setCode] = await Promise.all(hashesOfType("0x4").map(decode));
      const action = setCode?.events[0]?.sub[0];
      expect(action?.node?.["authority"]).toHaveLength(1);
      expect(action?.additional?.["setCode"]?.[0]).toMatch(
        /^0x[0-9a-f]{40}=0x8c2319620d7c348bb4e2b2a0b230c81f310e9561$/,
      );
    });

    it.each([0, 1, 0x36])(
      "reads the complete recorded height %i, including receipts from before Byzantium",
      async (height) => {
        const range = { from: height, to: height };
        const results = [];
        for await (const result of reader.execute({ kind: "heights", chain: reader.chain, range }, signal))
          results.push(result);
        const [result] = results;
        if (result?.kind !== "height") throw new Error(`height ${height} has the kind ${result?.kind}`);
        const block = recordings.blocks.find(({ number }) => Number(number) === height) ?? {};
        expect(result.block).toMatchObject({ hash: block["hash"], proposer: block["miner"] });
        expect(result.transactions).toHaveLength(height === 0 ? 0 : 4);
        for (const transaction of result.transactions) {
          const receipt = recordings.receipts.get(transaction.hash) ?? {};
          expect(transaction.hasErrors).toBe(receipt["status"] === "0x0");
          expect(keccak256(transaction.raw ?? new Uint8Array())).toBe(transaction.hash);
        }
      },
    );

    it("finds recorded transactions and their blocks by hash", async () => {
      let found = 0;
      for (const hash of [...hashesOfType("0x2"), ...hashesOfType("0x3"), ...hashesOfType("0x4")]) {
        for await (const result of reader.execute(
          { kind: "transaction", chain: reader.chain, hash },
          signal,
        )) {
          if (result.kind !== "transaction") throw new Error(result.kind);
          expect(result.transaction.hash).toBe(hash);
          expect(result.block.hash).toBe(result.transaction.blockHash);
          expect(result.transaction.index).toBeLessThan(result.block.transactionCount);
          found += 1;
        }
      }
      expect(found).toBeGreaterThanOrEqual(3);
    });
  },
);
