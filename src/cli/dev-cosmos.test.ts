// `indexer dev --cosmos` with a node's RPC and with its gRPC address: it detects the protocol and indexes from the first height.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { transactionHash } from "../chains/cosmos/decode/transaction.js";
import { makeChain, makeHeight, makePayment } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode } from "../testing/cosmos-node.js";
import { data } from "../testing/graphql-client.js";
import { startProcess } from "../testing/processes.js";

const heights = 40;
const served = makeChain("test-1", heights);
const folder = mkdtempSync(join(tmpdir(), "indexer-cosmos-"));
let node: CosmosTestNode;

beforeAll(async () => {
  node = await startCosmosNode({ chainId: "test-1", heights: served });
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

  it("quarantines undecodable transactions, stores the rest, and retries until they are readable", async () => {
    const broken = new Map(served);
    const [lost, other] = [makePayment(30, 0), makePayment(30, 1)];
    const garbage = {
      bytes: Buffer.from("no transaction"),
      messageTypes: [],
      code: 2,
      log: "tx parse error",
    };
    broken.set(30, makeHeight("test-1", 30, { transactions: [other, lost, garbage], era: "finalize" }));
    const brokenNode = await startCosmosNode({ chainId: "test-1", heights: broken });
    const lostHash = transactionHash(lost.bytes);
    brokenNode.behaviour.lostHashes.add(lostHash);
    const dev = startProcess({
      args: [
        ...[
          "dev",
          "--cosmos",
          brokenNode.grpcUrl,
          "--address",
          "127.0.0.1:0",
          "--quarantine-retry-interval",
          "200ms",
        ],
        ...["--data-folder", join(folder, "broken")],
      ],
    });
    try {
      const [, url = ""] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
      const query = `{
        chain(network: "cosmos", chainId: "test-1") { quarantined coverage(from: 1, to: ${heights}) { complete } }
        transactions(first: 5, filter: { network: "cosmos", heights: { eq: 30 } }) { nodes { hash hasErrors } }
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
      const waiting = { timeout: 30_000, interval: 100 };
      await vi.waitFor(async () => expect(await data(url, query)).toEqual(state(2, true)), waiting);
      brokenNode.behaviour.lostHashes.clear();
      await vi.waitFor(async () => expect(await data(url, query)).toEqual(state(1, false)), waiting);
    } finally {
      await dev.kill();
      await brokenNode.close();
    }
  });
});
