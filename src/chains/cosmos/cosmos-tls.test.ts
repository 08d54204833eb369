// Nodes over TLS whose certificate is not to be trusted: refused at once, with the reason, over either protocol.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.js";
import { makeCertificates } from "../../testing/certificates.js";
import { makeChain } from "../../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode } from "../../testing/cosmos-node.js";
import { createFastClock } from "../../testing/manual-clock.js";
import { probeCosmosAddress } from "./address-kind.js";
import { createCosmosChain } from "./cosmos-chain.js";

const signal = new AbortController().signal;
const chainId = "test-1";
const heights = makeChain(chainId, 3);

let secret: CosmosTestNode;
let plain: CosmosTestNode;
beforeAll(async () => {
  secret = await startCosmosNode({ chainId, heights, tls: makeCertificates() });
  plain = await startCosmosNode({ chainId, heights });
});
afterAll(() => Promise.all([secret.close(), plain.close()]));

/** What comes of reading a chain's newest block from one address; requests may take so long that a hang would be seen. */
async function failureOf(kind: "rpc" | "grpc", url: string): Promise<unknown> {
  const reader = await createCosmosChain({
    chainId,
    rpcUrls: kind === "rpc" ? [url] : [],
    grpcUrls: kind === "grpc" ? [url] : [],
    // Cooldowns take a tenth of their time, requests may take 20 real seconds.
    clock: createFastClock(10),
    timeouts: { requestMs: 200_000 },
    logger: silentLogger(),
  });
  try {
    return await reader.head(signal);
  } catch (error) {
    return error;
  } finally {
    await reader.close();
  }
}

const over = (node: CosmosTestNode, kind: "rpc" | "grpc"): string =>
  kind === "rpc" ? node.rpcUrl : node.grpcUrl;
const failure = (message: RegExp): object => ({
  name: "TaskFailure",
  retry: "other-worker",
  details: { type: "unavailable" },
  message: expect.stringMatching(message) as string,
});

describe.concurrent.each(["rpc", "grpc"] as const)("over %s", (kind) => {
  it("rejects a certificate of an unknown authority, with that reason", async () => {
    const before = secret.requests.length;
    expect(await failureOf(kind, over(secret, kind))).toMatchObject(
      failure(/localhost:\d+.*it cannot be reached: .*certificate/),
    );
    expect(secret.requests.slice(before)).toEqual([]);
  });

  it("fails for TLS to a node without TLS, and for plain text to a node with TLS", async () => {
    const [port] = over(plain, kind).split(":").slice(-1);
    expect(await failureOf(kind, `https://localhost:${port}`)).toMatchObject(
      failure(/cannot be reached: .*(SSL|wrong version)/i),
    );
    expect(await failureOf(kind, over(secret, kind).replace("https:", "http:"))).toMatchObject(
      failure(/cannot be reached: /),
    );
  });
});

it("detects no protocol behind an untrusted certificate, and reports the reason", async () => {
  await expect(probeCosmosAddress(secret.rpcUrl, { signal })).rejects.toThrow(/as RPC: .*certificate/);
  await expect(probeCosmosAddress(secret.grpcUrl, { signal })).rejects.toThrow(/as gRPC: .*certificate/);
});
