// The worker's /metrics endpoint, scraped from a running process.
import { afterEach, expect, it } from "vitest";
import { supportedFeatures } from "../connectivity/protocol/frames.js";
import { createDialler } from "../connectivity/grpc/dial.js";
import { version } from "../lib/version.js";
import { makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode } from "../testing/cosmos-node.js";
import { startProcess } from "../testing/processes.js";
import { startScriptedManager } from "../testing/scripted-manager.js";
import { until } from "../testing/until.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const chain = { network: "cosmos", chainId: "test-1" };

it("reports the cooldown, latency and rate limit of each endpoint, and the worker's tasks", async () => {
  const heights = makeChain(chain.chainId, 5);
  const [healthy, wrongChain] = await Promise.all([
    startCosmosNode({ chainId: chain.chainId, heights }),
    startCosmosNode({ chainId: chain.chainId, heights }),
  ]);
  wrongChain.behaviour.chainId = "other-9";
  const worker = startProcess({
    args: ["worker", "cosmos"],
    env: {
      MANAGERS: ",",
      ADDRESS: "127.0.0.1:0",
      METRICS_ADDRESS: "127.0.0.1:0",
      COSMOS_RPC_URL: `${healthy.rpcUrl},${wrongChain.rpcUrl}`,
    },
  });
  closers.push(healthy.close, wrongChain.close, worker.kill);
  const [, metricsUrl = ""] = await worker.line(/"url":"([^"]+)".*The metrics server listens\./);
  const [, workerId = "", port] = await worker.line(
    /"workerId":"([^"]+)","address":"[^"]*:(\d+)".*The worker listens\./,
  );
  const scrape = async (): Promise<string> => (await fetch(metricsUrl)).text();
  expect(await scrape()).toMatch(/^indexer_worker_tasks 0$/m);

  const address = { host: "127.0.0.1", ip: "127.0.0.1", port: Number(port) };
  const identity = { workerId, chain, version, address: `127.0.0.1:${port}` };
  const channel = createDialler({})(address, identity);
  closers.push(() => channel.close());
  // With a connected manager the worker reads the newest block, which calls both endpoints.
  await startScriptedManager(channel).ping(supportedFeatures);

  const valueOf = (metrics: string, name: string, url: string): number | undefined => {
    const line = metrics
      .split("\n")
      .find((each) => each.startsWith(`indexer_endpoint_${name}{`) && each.includes(url));
    expect(line ?? 'chain="cosmos/test-1"').toContain('chain="cosmos/test-1"');
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  };
  await until("the metrics of both endpoints", async () => {
    const metrics = await scrape();
    return (
      (valueOf(metrics, "cooldown_seconds", wrongChain.rpcUrl) ?? 0) > 10 &&
      (valueOf(metrics, "latency_seconds", healthy.rpcUrl) ?? 0) > 0
    );
  });
  const metrics = await scrape();
  expect(valueOf(metrics, "cooldown_seconds", healthy.rpcUrl)).toBe(0);
  expect(valueOf(metrics, "latency_seconds", wrongChain.rpcUrl)).toBeUndefined();
  expect(metrics).toMatch(/^indexer_endpoint_requests_per_second_limit\{.*\} \+Inf$/m);
  expect(metrics).toMatch(/^nodejs_eventloop_lag_seconds /m);
});
