// `indexer dev --cosmos` against a node's RPC and its gRPC: the chain from its first height, without being told which address it is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosStandIn } from "../testing/cosmos-node.js";
import { data } from "../testing/graphql-client.js";
import { startProcess } from "../testing/processes.js";

const heights = 40;
const folder = mkdtempSync(join(tmpdir(), "indexer-cosmos-"));
let node: CosmosStandIn;

beforeAll(async () => {
  node = await startCosmosNode({ chainId: "test-1", heights: makeChain("test-1", heights) });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("indexer dev --cosmos", () => {
  it.each(["rpcUrl", "grpcUrl"] as const)("indexes the whole chain from the node's %s", async (address) => {
    const dev = startProcess({
      args: [
        "dev",
        "--cosmos",
        node[address],
        "--address",
        "127.0.0.1:0",
        "--data-folder",
        join(folder, address),
      ],
    });
    try {
      const [, url = ""] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
      const query = `{ chain(network: "cosmos", chainId: "test-1") { indexed { from to } coverage(from: 1, to: ${heights}) { complete blocks } } }`;
      await vi.waitFor(
        async () => {
          expect(await data(url, query)).toEqual({
            chain: {
              indexed: [{ from: 1, to: heights }],
              coverage: { complete: true, blocks: String(heights) },
            },
          });
        },
        { timeout: 20_000, interval: 100 },
      );
    } finally {
      await dev.kill();
    }
  });
});
