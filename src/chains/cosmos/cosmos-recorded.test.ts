// Every recorded block, served by a stand-in node, read over RPC and over gRPC, and held against the Go node's own JSON.
import { afterAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.js";
import type { Answer } from "../../domain/task.js";
import { compareTransaction, tableOf, type Compared } from "../../testing/cosmos-comparison.js";
import { startCosmosNode, type CosmosStandIn } from "../../testing/cosmos-node.js";
import { recordings, type Recording } from "../../testing/cosmos-recordings.js";
import { collect } from "../../testing/collect.js";
import { hasFixtures } from "../../testing/shared-fixtures.js";
import { createCosmosChain, type CosmosChain } from "./cosmos-chain.js";

const logger = silentLogger();
const signal = new AbortController().signal;

if (!hasFixtures) {
  process.stderr.write("Skipping the recorded Cosmos blocks: the folder that holds them is not here.\n");
}

async function readHeight(chain: CosmosChain, height: number): Promise<Answer[]> {
  const request = { kind: "heights", chain: chain.chain, range: { from: height, to: height } } as const;
  return collect(chain.answer(request, signal));
}

describe.skipIf(!hasFixtures)("recorded blocks", () => {
  const compared: Compared[] = [];
  let transactions = 0;
  const all = recordings();
  const chainIds = [...new Set(all.map(({ chainId }) => chainId))];

  const serve = (list: readonly Recording[], chainId: string): Promise<CosmosStandIn> =>
    startCosmosNode({ chainId, heights: new Map(list.map((each) => [each.height, each])) });

  it.each(chainIds)("of %s come out as its node has them, the same over RPC and gRPC", async (chainId) => {
    const own = all.filter((each) => each.chainId === chainId);
    // The first transaction's chain id, not the folder's: people have renamed some folders.
    const node = await serve(own, chainIdOf(own));
    const [rpc, grpc] = await Promise.all([
      createCosmosChain({ rpcUrls: [node.rpcUrl], grpcUrls: [], logger }),
      createCosmosChain({ rpcUrls: [], grpcUrls: [node.grpcUrl], logger }),
    ]);
    try {
      for (const { height, blockResults, nodeJson } of own) {
        const [answer, ...rest] = await readHeight(rpc, height);
        expect(rest).toEqual([]);
        if (answer?.kind !== "height") throw new Error("No height came.");
        expect(answer.block.height).toBe(height);
        expect(answer.transactions).toHaveLength(nodeJson.length);
        expect(await readHeight(grpc, height)).toEqual([answer]);
        for (const [index, json] of nodeJson.entries()) {
          const decoded = answer.transactions[index];
          const result = blockResults.txs_results?.[index];
          if (json === null || decoded === undefined || result === undefined) continue;
          transactions += 1;
          const name = `${chainId}/${height}`;
          compared.push(
            ...compareTransaction(json, result, decoded).map((each) => ({
              ...each,
              field: `${name} ${each.field}`,
            })),
          );
        }
      }
    } finally {
      await Promise.all([rpc.close(), grpc.close(), node.close()]);
    }
  });

  it("differ in no field", () => {
    expect(compared.filter(({ equal, reason }) => !equal && reason === undefined)).toEqual([]);
    expect(transactions).toBeGreaterThan(70);
  });

  afterAll(() => {
    const table = tableOf(compared, transactions);
    process.stdout.write(`\nRecorded Cosmos blocks against the node's own JSON\n${table}\n`);
  });
});

function chainIdOf(list: readonly Recording[]): string {
  const { block } = (list[0]?.block ?? {}) as { block: { header: { chain_id: string } } };
  return block.header.chain_id;
}
