// Serves every recorded block from a test node, reads it over RPC and gRPC, and compares it with the Go node's own JSON.
import { afterAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.js";
import type { TaskResult } from "../../domain/task.js";
import {
  compareTransaction,
  comparisonTable,
  type FieldComparison,
} from "../../testing/cosmos-comparison.js";
import { startCosmosNode, type CosmosTestNode } from "../../testing/cosmos-node.js";
import { ownRecordings, recordings, type Recording } from "../../testing/cosmos-recordings.js";
import { collect } from "../../testing/collect.js";
import { hasFixtures } from "../../testing/shared-fixtures.js";
import { createCosmosChain, type CosmosChain } from "./cosmos-chain.js";
import { transactionHash } from "./decode/transaction.js";
import { blockFromRpc } from "./rpc-responses.js";

const logger = silentLogger();
const signal = new AbortController().signal;

if (!hasFixtures) {
  process.stderr.write("Skipping the recorded Cosmos blocks: their folder does not exist.\n");
}

async function readHeight(chain: CosmosChain, height: number): Promise<TaskResult[]> {
  const request = { kind: "heights", chain: chain.chain, range: { from: height, to: height } } as const;
  return collect(chain.execute(request, signal));
}

const sources = [
  { name: "recorded blocks of public chains", all: recordings(), least: 70, skip: !hasFixtures },
  { name: "recorded blocks of our own chains", all: ownRecordings(), least: 390, skip: false },
];

describe.each(sources)("$name", ({ name, all, least, skip }) => {
  const compared: FieldComparison[] = [];
  let transactions = 0;
  const chainIds = [...new Set(all.map(({ chainId }) => chainId))];

  const serve = (list: readonly Recording[], chainId: string): Promise<CosmosTestNode> =>
    startCosmosNode({ chainId, heights: new Map(list.map((each) => [each.height, each])) });

  it.skipIf(skip).each(chainIds)(
    "of %s equal the node's JSON, and are the same over RPC and gRPC",
    async (chainId) => {
      const own = all.filter((each) => each.chainId === chainId);
      const twice = hashesInTwoHeights(own);
      let unknownResults = 0;
      // The chain id of the first block: some folders have other names.
      const node = await serve(own, chainIdOf(own));
      const [rpc, grpc] = await Promise.all([
        createCosmosChain({ rpcUrls: [node.rpcUrl], grpcUrls: [], logger }),
        createCosmosChain({ rpcUrls: [], grpcUrls: [node.grpcUrl], logger }),
      ]);
      try {
        for (const { height, blockResults, nodeJson } of own) {
          const [answer, ...rest] = await readHeight(rpc, height);
          expect(rest).toEqual([]);
          if (answer?.kind !== "height") throw new Error("Expected a height.");
          expect(answer.block.height).toBe(height);
          expect(answer.transactions).toHaveLength(nodeJson.length);
          const unknown = await readHeight(grpc, height);
          const overGrpc = unknown.pop();
          if (overGrpc?.kind !== "height") throw new Error("Expected a height over gRPC.");
          // If a chain has the same bytes at two heights, a node's index has the result of only one of them.
          const lost = unknown.flatMap((each) => (each.kind === "quarantine" ? [each.index] : []));
          expect(lost.map((index) => hashAt(answer, index)).filter((hash) => !twice.has(hash))).toEqual([]);
          expect(without(overGrpc, lost)).toEqual(without(answer, lost));
          unknownResults += lost.length;
          for (const [index, json] of nodeJson.entries()) {
            const decoded = answer.transactions[index];
            const result = blockResults.txs_results?.[index];
            if (json === null || decoded === undefined || result === undefined) continue;
            transactions += 1;
            const place = `${chainId}/${height}`;
            compared.push(
              ...compareTransaction(json, result, decoded).map((each) => ({
                ...each,
                field: `${place} ${each.field}`,
              })),
            );
          }
        }
      } finally {
        await Promise.all([rpc.close(), grpc.close(), node.close()]);
      }
      expect(unknownResults).toBe(twice.size);
    },
  );

  it.skipIf(skip)("have no different field", () => {
    expect(compared.filter(({ equal, reason }) => !equal && reason === undefined)).toEqual([]);
    expect(transactions).toBeGreaterThan(least);
  });

  afterAll(() => {
    if (skip) return;
    const table = comparisonTable(compared, transactions);
    process.stdout.write(`\n${name}, against the node's own JSON\n${table}\n`);
  });
});

type HeightResult = Extract<TaskResult, { kind: "height" }>;

function hashAt({ transactions }: HeightResult, index: number | undefined): string {
  return transactions[index ?? -1]?.hash ?? "the whole height";
}

function without(answer: HeightResult, indexes: readonly (number | undefined)[]): HeightResult {
  return { ...answer, transactions: answer.transactions.filter(({ index }) => !indexes.includes(index)) };
}

function hashesInTwoHeights(list: readonly Recording[]): ReadonlySet<string> {
  const all = list.flatMap(({ block }) => blockFromRpc(block).transactions.map(transactionHash));
  return new Set(all.filter((hash, index) => all.indexOf(hash) !== index));
}

function chainIdOf(list: readonly Recording[]): string {
  const { block } = (list[0]?.block ?? {}) as { block: { header: { chain_id: string } } };
  return block.header.chain_id;
}
