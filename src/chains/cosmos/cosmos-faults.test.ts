// Nodes that fail, lag, limit, close, hang or return wrong data: nothing is lost, and their faults are reported.
// The tests run one after the other: concurrent tests could make a healthy node exceed its time limit.
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../lib/clock.js";
import { silentLogger } from "../../lib/logger.js";
import type { TaskResult } from "../../domain/task.js";
import { collect } from "../../testing/collect.js";
import {
  makeChain,
  makeHeight,
  makePayment,
  type GeneratedTransaction,
} from "../../testing/cosmos-generator.js";
import {
  startCosmosNode,
  type CosmosTestNode,
  type NodeFault,
  type NodeHeight,
} from "../../testing/cosmos-node.js";
import { createFastClock, createManualClock, type ManualClock } from "../../testing/manual-clock.js";
import { until } from "../../testing/until.js";
import { createCosmosChain, type CosmosChain, type CosmosChainOptions } from "./cosmos-chain.js";
import { decodeCosmosHeight } from "./decode/height.js";
import { transactionHash } from "./decode/transaction.js";
import { blockFromRpc, resultsFromRpc } from "./rpc-responses.js";

const logger = silentLogger();
// Only a guard against hanging tests: a busy machine may need long.
vi.setConfig({ testTimeout: 120_000 });

const signal = new AbortController().signal;
const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const count = 14;
const heights = makeChain(chainId, count, { era: "finalize" });

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function startNode(served: ReadonlyMap<number, NodeHeight> = heights): Promise<CosmosTestNode> {
  const node = await startCosmosNode({ chainId, heights: served });
  closing.push(() => node.close());
  return node;
}

async function open(options: Partial<CosmosChainOptions>): Promise<CosmosChain> {
  const reader = await createCosmosChain({
    chainId,
    rpcUrls: [],
    grpcUrls: [],
    // Cooldowns and retries take a tenth of their time.
    clock: createFastClock(10),
    // 30 real seconds: a busy machine must not cause a timeout.
    timeouts: { requestMs: options.clock === undefined ? 300_000 : 30_000 },
    logger,
    ...options,
  });
  closing.push(() => reader.close());
  return reader;
}

function readAll(reader: CosmosChain, to = count, from = 1): Promise<TaskResult[]> {
  return collect(reader.execute({ kind: "heights", chain, range: { from, to } }, signal));
}

/** The results of all heights, decoded without a reader. */
async function expectedResults(): Promise<TaskResult[]> {
  const parts = await Promise.all(
    [...heights.values()].map(({ block, blockResults }) =>
      decodeCosmosHeight(chain, {
        block: blockFromRpc(block),
        results: resultsFromRpc(blockResults).results,
      }),
    ),
  );
  return parts.flat();
}

/** Advances the clock in steps of a 200th of the requests' time limit: the nodes are in this process and respond in between. */
async function advanceUntilSettled<T>(clock: ManualClock, work: Promise<T>, requestMs = 30_000): Promise<T> {
  let settled = false;
  const observed = work.finally(() => (settled = true));
  observed.catch(() => undefined);
  while (!settled) {
    await clock.advance(requestMs / 200);
    await delay(1);
  }
  return observed;
}

const carriers = ["rpc", "grpc"] as const;
const urls = (carrier: (typeof carriers)[number], ...nodes: CosmosTestNode[]): Partial<CosmosChainOptions> =>
  carrier === "rpc"
    ? { rpcUrls: nodes.map(({ rpcUrl }) => rpcUrl) }
    : { grpcUrls: nodes.map(({ grpcUrl }) => grpcUrl) };

describe.each(carriers)("over %s", (carrier) => {
  it.each<NodeFault>(["error", "rate-limit", "close", "hang", "garbage"])(
    "reads all heights if some requests end with '%s'",
    async (fault) => {
      const node = await startNode();
      let requests = 0;
      let faults = 0;
      node.behaviour.fault = () => {
        requests += 1;
        if (faults === 2 || requests % 11 !== 9) return undefined;
        faults += 1;
        return fault;
      };
      const clock = createManualClock();
      const requestMs = fault === "hang" ? 1_000 : 30_000;
      const reader = await open({ ...urls(carrier, node), parallel: 4, clock, timeouts: { requestMs } });
      expect(await advanceUntilSettled(clock, readAll(reader), requestMs)).toEqual(await expectedResults());
      expect(faults).toBe(2);
    },
  );

  it.each<NodeFault>(["error", "rate-limit", "close", "hang"])(
    "replaces a node whose requests all end with '%s', and reports it",
    async (fault) => {
      const [failing, healthy] = [await startNode(), await startNode()];
      failing.behaviour.fault = () => fault;
      // The clock advances only to end hanging requests, so the cooldown lasts until all is read.
      const clock = createManualClock();
      const reader = await open({ ...urls(carrier, failing, healthy), clock });
      const reading = readAll(reader);
      if (fault === "hang") {
        await until("a request to the failing node", () => failing.requests.length > 0);
        await clock.advance(30_000);
      }
      expect(await reading).toEqual(await expectedResults());
      const [first, second] = reader.endpoints();
      expect(first?.lastFault).toEqual(expect.any(String));
      expect(first?.cooldownMs).toBeGreaterThan(0);
      expect(second).toMatchObject({ cooldownMs: 0 });
    },
  );

  it("replaces a node that fails in the middle of a range", async () => {
    const [first, second] = [await startNode(), await startNode()];
    let left = 12;
    first.behaviour.fault = () => ((left -= 1) < 0 ? "close" : undefined);
    second.behaviour.delayMs = 5;
    const reader = await open(urls(carrier, first, second));
    expect(await readAll(reader)).toEqual(await expectedResults());
  });

  it("returns the heights before an error, then fails", async () => {
    const node = await startNode();
    node.behaviour.fault = ({ method, height }) =>
      method !== "latest_block" && method !== "status" && (height === undefined || height >= 9)
        ? "error"
        : undefined;
    if (carrier === "grpc") node.behaviour.fault = ({ method }) => (method === "tx" ? "error" : undefined);
    const reader = await open(urls(carrier, node));
    const read: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of reader.execute(
        { kind: "heights", chain, range: { from: 4, to: count } },
        signal,
      ))
        if (result.kind === "height") read.push(result.block.height);
    };
    await expect(run()).rejects.toMatchObject({ name: "TaskFailure", retry: "other-worker" });
    expect(read).toEqual(carrier === "rpc" ? [4, 5, 6, 7, 8] : [4]);
  });

  it("fails with a retry time if all requests are rate limited", async () => {
    const node = await startNode();
    node.behaviour.fault = () => "rate-limit";
    const reader = await open(urls(carrier, node));
    await expect(readAll(reader)).rejects.toMatchObject({
      retry: "same-worker",
      details: { type: "rate_limited", retryAfterMs: expect.any(Number) as number },
    });
  });

  it("rejects a node of another chain", async () => {
    const [wrong, healthy] = [await startNode(), await startNode()];
    wrong.behaviour.chainId = "other-9";
    const alone = await open(urls(carrier, wrong));
    await expect(readAll(alone)).rejects.toMatchObject({ details: { type: "wrong_chain" } });
    await expect(alone.head(signal)).rejects.toThrow(/serves chain id 'other-9', not 'test-1'/);
    const both = await open(urls(carrier, wrong, healthy));
    expect(await readAll(both)).toEqual(await expectedResults());
  });

  it("rejects a newest block that jumps or goes back", async () => {
    const node = await startNode();
    const reader = await open(urls(carrier, node));
    node.behaviour.head = 5_000;
    expect(await reader.head(signal)).toMatchObject({ height: 5_000 });
    node.behaviour.head = 4_990;
    expect(await reader.head(signal)).toMatchObject({ height: 4_990 });
    node.behaviour.head = 9_000_000_000;
    await expect(reader.head(signal)).rejects.toThrow(/implausibly far above/);
    const other = await open(urls(carrier, node));
    node.behaviour.head = 5_000;
    await other.head(signal);
    node.behaviour.head = 20;
    await expect(other.head(signal)).rejects.toThrow(/moved its newest block back/);
  });

  it("retries until the results of the newest height are available", async () => {
    const node = await startNode();
    const last = blockFromRpc(heights.get(count - 1)?.block);
    node.behaviour.resultsMissingFrom = count - 1;
    for (const hash of last.transactions.map(transactionHash)) node.behaviour.lostHashes.add(hash);
    const clock = createManualClock();
    const reader = await open({ ...urls(carrier, node), clock });
    const reading = readAll(reader, count - 1, count - 1);
    await until("the first request for results", () =>
      node.requests.some(({ method }) => method === "block_results" || method === "tx"),
    );
    node.behaviour.resultsMissingFrom = Infinity;
    node.behaviour.lostHashes.clear();
    expect(await advanceUntilSettled(clock, reading)).toMatchObject([
      { kind: "height", block: { height: count - 1 }, transactions: { length: 3 } },
    ]);
  });

  it("retries until the next height is available", async () => {
    const node = await startNode();
    node.behaviour.head = count - 1;
    const clock = createManualClock();
    const reader = await open({ ...urls(carrier, node), clock });
    const reading = readAll(reader, count, count - 2);
    await until(
      "the request for the missing height",
      () => node.requests.filter(({ method }) => method === "block").length > 2,
    );
    node.behaviour.head = count;
    const results = await advanceUntilSettled(clock, reading);
    expect(results.map(({ kind }) => kind)).toEqual(["height", "height", "height"]);
  });

  it("combines nodes with different heights", async () => {
    const [behind, ahead] = [await startNode(), await startNode()];
    behind.behaviour.head = 10;
    ahead.behaviour.earliest = 8;
    const reader = await open(urls(carrier, behind, ahead));
    expect(await readAll(reader)).toEqual(await expectedResults());
  });
});

describe("inconsistent results", () => {
  it("are rejected, and another node is called", async () => {
    const [wrong, healthy] = [await startNode(), await startNode()];
    wrong.behaviour.replacedResults.set(5, { height: "5", txs_results: null, finalize_block_events: [] });
    healthy.behaviour.delayMs = 2;
    const reader = await open({ rpcUrls: [wrong.rpcUrl, healthy.rpcUrl] });
    expect(await readAll(reader)).toEqual(await expectedResults());
  });

  it("from all nodes quarantine the height, and the range continues", async () => {
    const node = await startNode();
    node.behaviour.replacedResults.set(5, {
      height: "5",
      txs_results: [{ code: 0 }],
      finalize_block_events: [],
    });
    node.behaviour.replacedResults.set(6, { height: "7", txs_results: [] });
    const reader = await open({ rpcUrls: [node.rpcUrl] });
    const results = await readAll(reader);
    const expected = (await expectedResults()).map((result) =>
      result.kind === "height" && (result.block.height === 5 || result.block.height === 6)
        ? { kind: "quarantine", height: result.block.height }
        : result,
    );
    expect(results).toMatchObject(expected);
    expect(results[4]).toMatchObject({
      error: expect.stringContaining("1 results for 3 transactions") as string,
    });
    node.behaviour.replacedResults.clear();
    expect(await readAll(reader)).toEqual(await expectedResults());
  });

  it("over gRPC are read with one time limit per round of requests", async () => {
    const transactions = Array.from({ length: 64 }, (_, index) => makePayment(1, index));
    const node = await startNode(new Map([[1, makeHeight(chainId, 1, { transactions, era: "finalize" })]]));
    // Four rounds take longer than one time limit.
    node.behaviour.delayMs = 200;
    const timeouts = { requestMs: 700 };
    const reader = await open({ grpcUrls: [node.grpcUrl], clock: systemClock, timeouts });
    const [result] = await readAll(reader, 1);
    expect(result).toMatchObject({ kind: "height", block: { transactionCount: 64 } });
    expect(node.requests.filter(({ method }) => method === "tx")).toHaveLength(64);
  });

  it("over gRPC fail if the node's index has lost a transaction", async () => {
    const node = await startNode();
    const block = heights.get(6)?.block;
    const [, lost = ""] = blockFromRpc(block).transactions.map(transactionHash);
    node.behaviour.lostHashes.add(lost);
    const reader = await open({ grpcUrls: [node.grpcUrl] });
    await expect(readAll(reader, 8)).rejects.toMatchObject({ retry: "other-worker", details: { height: 6 } });
    // The RPC returns the results of the whole block, without the index.
    const both = await open({ grpcUrls: [node.grpcUrl], rpcUrls: [node.rpcUrl] });
    expect(await readAll(both)).toEqual(await expectedResults());
  });

  it("over gRPC fail for a block with a duplicate transaction, and name the RPC as the solution", async () => {
    const original = makePayment(1, 0);
    const duplicate: GeneratedTransaction = {
      ...original,
      code: 32,
      codespace: "sdk",
      log: "account sequence mismatch",
    };
    const served = new Map([
      [1, makeHeight(chainId, 1, { transactions: [original, duplicate], era: "finalize" })],
    ]);
    const node = await startNode(served);
    await expect(readAll(await open({ grpcUrls: [node.grpcUrl] }), 1)).rejects.toThrow(
      /configure the node's RPC \(COSMOS_RPC_URL\)/,
    );
    const [result] = await readAll(await open({ rpcUrls: [node.rpcUrl] }), 1);
    expect(result).toMatchObject({ transactions: [{ hasErrors: false }, { hasErrors: true }] });
  });
});

it("falls back to gRPC if every RPC is unavailable", async () => {
  const [node, other] = [await startNode(), await startNode()];
  node.behaviour.fault = ({ carrier }) => (carrier === "rpc" ? "close" : undefined);
  const reader = await open({ rpcUrls: [node.rpcUrl], grpcUrls: [other.grpcUrl] });
  expect(await readAll(reader, 3)).toEqual((await expectedResults()).slice(0, 3));
});

it("sends at most the configured requests per second", async () => {
  const node = await startNode();
  const reader = await open({ rpcUrls: [node.rpcUrl], requestsPerSecond: 20, clock: systemClock });
  const start = performance.now();
  await readAll(reader, 12);
  const seconds = (performance.now() - start) / 1000;
  expect(node.requests.length).toBeLessThanOrEqual(20 * seconds + 2);
});

it("yields to the event loop while it decodes thousands of transactions", async () => {
  const transactions = Array.from({ length: 4_000 }, (_, index) => makePayment(1, index));
  const { block, blockResults } = makeHeight(chainId, 1, { transactions, era: "finalize" });
  const raw = { block: blockFromRpc(block), results: resultsFromRpc(blockResults).results };
  let turns = 0;
  let done = false;
  const decoding = decodeCosmosHeight(chain, raw).then((results) => {
    done = true;
    return results;
  });
  while (!done) {
    turns += 1;
    await setImmediate();
  }
  expect(await decoding).toMatchObject([{ transactions: { length: 4_000 } }]);
  expect(turns).toBeGreaterThan(5);
});
