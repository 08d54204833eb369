// The reader against what other Ethereum clients were recorded to answer, blob and set-code transactions among it.
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

/** Decodes a recorded transaction and its receipt; the block that they stand in may not be recorded. */
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

/** The recorded transactions with a receipt, by type. */
function ofType(type: string): string[] {
  return [...recordings.transactions]
    .filter(([hash, fields]) => fields["type"] === type && recordings.receipts.has(hash))
    .map(([hash]) => hash);
}

// The recordings lie beside the developers' checkout; the suite on a real node covers the same types everywhere.
describe.skipIf(!hasFixtures)(
  "the Ethereum reader on recorded answers (which lie beside the developers' checkout)",
  () => {
    beforeAll(async () => {
      recordings = readRecordings();
      node = await startStandInNode({ answer: (call) => recordings.answer(call) });
      const chainId = BigInt(recordings.chainId).toString();
      reader = createEthereumChain({ urls: [node.url], chainId, logger: silentLogger() });
    });
    afterAll(() => node.stop());

    it.each(["0x0", "0x1", "0x2", "0x3", "0x4"])("decodes transactions of type %s", async (type) => {
      const hashes = ofType(type);
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

    it("counts the blob gas of a blob transaction, and names the authority of a set-code one", async () => {
      const [blob] = await Promise.all(ofType("0x3").map(decode));
      const receipt = recordings.receipts.get(blob?.hash ?? "") ?? {};
      expect(big(receipt["blobGasUsed"])).toBe(131_072n);
      expect(blob?.events[0]?.sub[0]?.additional?.["blobVersionedHashes"]).toHaveLength(1);
      const [setCode] = await Promise.all(ofType("0x4").map(decode));
      const action = setCode?.events[0]?.sub[0];
      expect(action?.node?.["authority"]).toHaveLength(1);
      expect(action?.additional?.["setCode"]?.[0]).toMatch(
        /^0x[0-9a-f]{40}=0x8c2319620d7c348bb4e2b2a0b230c81f310e9561$/,
      );
    });

    it.each([0, 1, 0x36])(
      "reads the whole recorded height %i, receipts of before Byzantium too",
      async (height) => {
        const range = { from: height, to: height };
        const answers = [];
        for await (const answer of reader.execute({ kind: "heights", chain: reader.chain, range }, signal))
          answers.push(answer);
        const [answer] = answers;
        if (answer?.kind !== "height") throw new Error(`height ${height} came as ${answer?.kind}`);
        const block = recordings.blocks.find(({ number }) => Number(number) === height) ?? {};
        expect(answer.block).toMatchObject({ hash: block["hash"], proposer: block["miner"] });
        expect(answer.transactions).toHaveLength(height === 0 ? 0 : 4);
        for (const transaction of answer.transactions) {
          const receipt = recordings.receipts.get(transaction.hash) ?? {};
          expect(transaction.hasErrors).toBe(receipt["status"] === "0x0");
          expect(keccak256(transaction.raw ?? new Uint8Array())).toBe(transaction.hash);
        }
      },
    );

    it("finds recorded transactions by hash through the node, with their blocks", async () => {
      let found = 0;
      for (const hash of [...ofType("0x2"), ...ofType("0x3"), ...ofType("0x4")]) {
        for await (const answer of reader.execute(
          { kind: "transaction", chain: reader.chain, hash },
          signal,
        )) {
          if (answer.kind !== "transaction") throw new Error(answer.kind);
          expect(answer.transaction.hash).toBe(hash);
          expect(answer.block.hash).toBe(answer.transaction.blockHash);
          expect(answer.transaction.index).toBeLessThan(answer.block.transactionCount);
          found += 1;
        }
      }
      expect(found).toBeGreaterThanOrEqual(3);
    });
  },
);
