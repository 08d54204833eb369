// Throughput of the Cosmos reader, relative to a bare client that fetches the same responses with the same parallelism and discards them.
import { fork } from "node:child_process";
import { Agent, request } from "node:http";
import { expect, it } from "vitest";
import { createCosmosChain } from "../src/chains/cosmos/cosmos-chain.js";
import { silentLogger } from "../src/lib/logger.js";
import { writeResults, type Row } from "./results.js";

const heights = 400;
const perHeight = 20;
const parallel = 16;
const rounds = 5;
/** Milliseconds of CPU work that the node spends on each response; a real node never spends none. */
const nodeWorkMs = [0.5, 1, 3];

it("reads as fast as the node delivers", async () => {
  const rows: Row[] = [
    { measure: "heights, each with 20 transactions and 80 KiB of responses", value: String(heights) },
  ];
  for (const workMs of nodeWorkMs) {
    const node = await startNode(workMs);
    try {
      await bareClient(node.url);
      await reader(node.url);
      const times = { bare: [] as number[], reader: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        times.bare.push(await bareClient(node.url));
        times.reader.push(await reader(node.url));
      }
      const [bare, ours] = [median(times.bare), median(times.reader)];
      rows.push({
        measure: `node with ${workMs} ms of work per response: heights per second, bare client / reader; ratio (target 0.8)`,
        value: `${rate(bare)} / ${rate(ours)}; ${(bare / ours).toFixed(2)}`,
      });
    } finally {
      node.stop();
    }
  }
  writeResults("Cosmos reader", rows);
});

async function startNode(workMs: number): Promise<{ readonly url: string; stop(): void }> {
  const child = fork(new URL("cosmos-node.mjs", import.meta.url), [
    ...["--heights", String(heights), "--transactions", String(perHeight), "--node-ms", String(workMs)],
  ]);
  const port = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", () => reject(new Error("The node exited.")));
  });
  return { url: `http://127.0.0.1:${String(port)}`, stop: () => void child.kill() };
}

async function bareClient(base: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * parallel });
  const get = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      request(`${base}${path}`, { agent }, (response) => {
        response.on("data", () => undefined);
        response.on("end", resolve);
      })
        .on("error", reject)
        .end();
    });
  let next = 1;
  const worker = async (): Promise<void> => {
    for (let height = next++; height <= heights; height = next++) {
      await Promise.all([get(`/block?height=${height}`), get(`/block_results?height=${height}`)]);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: parallel }, worker));
  const ms = performance.now() - start;
  agent.destroy();
  return ms;
}

async function reader(base: string): Promise<number> {
  const chain = await createCosmosChain({ rpcUrls: [base], grpcUrls: [], parallel, logger: silentLogger() });
  const { signal } = new AbortController();
  const range = { from: 1, to: heights };
  const start = performance.now();
  let transactions = 0;
  for await (const result of chain.execute({ kind: "heights", chain: chain.chain, range }, signal)) {
    if (result.kind === "height") transactions += result.transactions.length;
  }
  const ms = performance.now() - start;
  expect(transactions).toBe(heights * perHeight);
  await chain.close();
  return ms;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

function rate(ms: number): number {
  return Math.round((heights / ms) * 1_000);
}
