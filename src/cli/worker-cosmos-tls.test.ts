// `indexer worker cosmos` with a node behind TLS of a private authority: trusted if configured, else rejected with the reason.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificates } from "../testing/certificates.js";
import { makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode } from "../testing/cosmos-node.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-tls-"));
const caFile = join(folder, "ca.pem");
let node: CosmosTestNode;

beforeAll(async () => {
  const heights = makeChain("private-1", 5);
  const certificates = makeCertificates();
  writeFileSync(caFile, certificates.ca);
  node = await startCosmosNode({ chainId: "private-1", heights, tls: certificates });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

const start = (env: Readonly<Record<string, string>>): RunningProcess =>
  startProcess({ args: ["worker", "cosmos"], env: { MANAGERS: ",", ADDRESS: "127.0.0.1:0", ...env } });

describe.concurrent("a worker of a node whose certificate has a private authority", () => {
  it.each(["COSMOS_GRPC_ADDR", "COSMOS_RPC_URL"] as const)(
    "reads the chain from %s if NODE_EXTRA_CA_CERTS contains the authority",
    async (setting) => {
      const url = setting === "COSMOS_RPC_URL" ? node.rpcUrl : node.grpcUrl;
      const worker = start({ [setting]: url, NODE_EXTRA_CA_CERTS: caFile });
      try {
        const [line] = await worker.line(/.*The worker listens\..*/);
        expect(line).toContain("private-1");
      } finally {
        await worker.kill();
      }
    },
  );

  it("logs the certificate error of each address, and the setting to change, if the authority is unknown", async () => {
    const worker = start({ COSMOS_GRPC_ADDR: node.grpcUrl, COSMOS_RPC_URL: node.rpcUrl });
    try {
      const [line] = await worker.line(/.*The node is not available\..*/);
      for (const url of [node.grpcUrl, node.rpcUrl])
        expect(line).toMatch(new RegExp(`${url}\\S* it cannot be reached: [^;]*certificate`));
      expect(line).toContain("NODE_EXTRA_CA_CERTS");
      expect(worker.output()).not.toContain("The worker listens");
    } finally {
      await worker.kill();
    }
  });
});
