// `indexer dev --cosmos` with a node's RPC and with its gRPC address: it detects the protocol and indexes from the first height.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { transactionHash } from "../chains/cosmos/decode/transaction.js";
import { makeChain, makeHeight, makePayment } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode } from "../testing/cosmos-node.js";
import { data } from "../testing/graphql-client.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";

const heights = 40;
const [overRpc, overGrpc, damaged] = ["rpc-1", "grpc-1", "damaged-1"];
const [lost, other] = [makePayment(30, 0), makePayment(30, 1)];
const garbage = { bytes: Buffer.from("no transaction"), messageTypes: [], code: 2, log: "tx parse error" };
const lostHash = transactionHash(lost.bytes);
const folder = mkdtempSync(join(tmpdir(), "indexer-cosmos-"));
const nodes: CosmosTestNode[] = [];
let brokenNode: CosmosTestNode;
let dev: RunningProcess;
let url: string;

async function startNode(chainId: string, served = makeChain(chainId, heights)): Promise<CosmosTestNode> {
  const node = await startCosmosNode({ chainId, heights: served });
  nodes.push(node);
  return node;
}

// One process follows all three chains: each start of a process and its database takes seconds.
beforeAll(async () => {
  const broken = new Map(makeChain(damaged, heights));
  broken.set(30, makeHeight(damaged, 30, { transactions: [other, lost, garbage], era: "finalize" }));
  brokenNode = await startNode(damaged, broken);
  brokenNode.behaviour.lostHashes.add(lostHash);
  const addresses = [
    (await startNode(overRpc)).rpcUrl,
    (await startNode(overGrpc)).grpcUrl,
    brokenNode.grpcUrl,
  ];
  dev = startProcess({
    args: [
      "dev",
      ...addresses.flatMap((address) => ["--cosmos", address]),
      ...["--address", "127.0.0.1:0", "--quarantine-retry-interval", "200ms", "--data-folder", folder],
    ],
  });
  const [, found = ""] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
  url = found;
});
afterAll(async () => {
  await dev.kill();
  for (const node of nodes) await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const waiting = { timeout: 60_000, interval: 100 };

describe("indexer dev --cosmos", () => {
  it.each([
    ["RPC", overRpc],
    ["gRPC", overGrpc],
  ])("indexes the whole chain from the node's %s address", async (_, chainId) => {
    const query = `{ chain(network: "cosmos", chainId: "${chainId}") { indexed { from to } coverage(from: 1, to: ${heights}) { complete blocks } } }`;
    await vi.waitFor(async () => {
      expect(await data(url, query)).toEqual({
        chain: {
          indexed: [{ from: 1, to: heights }],
          coverage: { complete: true, blocks: String(heights) },
        },
      });
    }, waiting);
  });

  it("quarantines undecodable transactions, stores the rest, and retries until they are readable", async () => {
    const query = `{
      chain(network: "cosmos", chainId: "${damaged}") { quarantined coverage(from: 1, to: ${heights}) { complete } }
      transactions(first: 5, filter: { network: "cosmos", chainIds: ["${damaged}"], heights: { eq: 30 } }) { nodes { hash hasErrors } }
    }`;
    const state = (quarantined: number, lostHasErrors: boolean): unknown => ({
      chain: { quarantined, coverage: { complete: true } },
      transactions: {
        nodes: expect.arrayContaining([
          { hash: lostHash, hasErrors: lostHasErrors },
          { hash: transactionHash(garbage.bytes), hasErrors: true },
          { hash: transactionHash(other.bytes), hasErrors: false },
        ]) as unknown,
      },
    });
    await vi.waitFor(async () => expect(await data(url, query)).toEqual(state(2, true)), waiting);
    brokenNode.behaviour.lostHashes.clear();
    await vi.waitFor(async () => expect(await data(url, query)).toEqual(state(1, false)), waiting);
  });
});
