// Several real node servers of one chain: the fastest is preferred, limits hold, dead and wrong nodes are replaced and reported.
// The tests run one after the other: concurrent tests would add to the latencies that they compare.
import { afterAll, describe, expect, it, vi } from "vitest";
import { createLogger } from "../../lib/logger.js";
import type { TaskResult } from "../../domain/task.js";
import { collect } from "../../testing/collect.js";
import { makeChain } from "../../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode, type NodeRequest } from "../../testing/cosmos-node.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { until } from "../../testing/until.js";
import { createCosmosChain, type CosmosChain, type CosmosChainOptions } from "./cosmos-chain.js";

// Only a guard against hanging tests: a busy machine may need long.
vi.setConfig({ testTimeout: 120_000 });

const signal = new AbortController().signal;
const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const count = 120;
const heights = makeChain(chainId, count, { era: "finalize", transactionsPerHeight: 1 });
const carriers = ["rpc", "grpc"] as const;
type Carrier = (typeof carriers)[number];

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function startNode(): Promise<CosmosTestNode> {
  const node = await startCosmosNode({ chainId, heights });
  closing.push(() => node.close());
  return node;
}

interface OpenedChain {
  readonly reader: CosmosChain;
  /** Log lines of level `warn` and above. */
  readonly warnings: readonly string[];
}

async function open(
  carrier: Carrier,
  nodes: readonly CosmosTestNode[],
  options: Partial<CosmosChainOptions> = {},
): Promise<OpenedChain> {
  const warnings: string[] = [];
  const reader = await createCosmosChain({
    chainId,
    rpcUrls: carrier === "rpc" ? nodes.map(({ rpcUrl }) => rpcUrl) : [],
    grpcUrls: carrier === "grpc" ? nodes.map(({ grpcUrl }) => grpcUrl) : [],
    // No test depends on a timeout: a busy machine must not cause one.
    timeouts: { requestMs: 30_000 },
    logger: createLogger({ level: "warn", destination: { write: (line) => void warnings.push(line) } }),
    ...options,
  });
  closing.push(() => reader.close());
  return { reader, warnings };
}

const readAll = (reader: CosmosChain, to = count): Promise<TaskResult[]> =>
  collect(reader.execute({ kind: "heights", chain, range: { from: 1, to } }, signal));
const heightsOf = (results: readonly TaskResult[]): number[] =>
  results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
const transactionsIn = (results: readonly TaskResult[]): number =>
  results.reduce((sum, each) => sum + (each.kind === "height" ? each.transactions.length : 0), 0);
const all = Array.from({ length: count }, (_, at) => at + 1);
const dataRequests = ({ requests }: CosmosTestNode): NodeRequest[] =>
  requests.filter(({ method }) => !["status", "latest_block"].includes(method));

describe.each(carriers)("over %s", (carrier) => {
  it("prefers the fastest of three nodes, also if it is configured last", async () => {
    const nodes = [await startNode(), await startNode(), await startNode()];
    [600, 500, 0].forEach((delayMs, at) => Object.assign(nodes[at]?.behaviour ?? {}, { delayMs }));
    const { reader } = await open(carrier, nodes, { parallel: 4 });
    expect(heightsOf(await readAll(reader))).toEqual(all);
    const [slow = 0, middle = 0, fast = 0] = nodes.map((node) => dataRequests(node).length);
    expect(fast).toBeGreaterThan(150);
    expect(slow + middle).toBeLessThan(40);
    const [first, second, third] = reader.endpoints().map(({ latencyMs }) => latencyMs ?? 0);
    expect(first).toBeGreaterThan(third ?? Infinity);
    expect(second).toBeGreaterThan(third ?? Infinity);
  });

  it("reads all heights if the faster of two nodes fails while they are read", async () => {
    const [failing, healthy] = [await startNode(), await startNode()];
    healthy.behaviour.delayMs = 600;
    const { reader } = await open(carrier, [failing, healthy]);
    const results: TaskResult[] = [];
    const range = { from: 1, to: count };
    for await (const result of reader.execute({ kind: "heights", chain, range }, signal)) {
      results.push(result);
      if (results.length !== 20) continue;
      healthy.behaviour.delayMs = 0;
      await failing.close();
    }
    expect(heightsOf(results)).toEqual(all);
    expect(transactionsIn(results)).toBe(90);
    expect(dataRequests(failing).length).toBeGreaterThan(15);
    const [first, second] = reader.endpoints();
    expect(first?.lastFault).toContain("cannot be reached");
    expect(second?.lastFault).toBeUndefined();
  });

  it("never reads from a node of another chain, and reports both chain ids", async () => {
    const [wrong, healthy] = [await startNode(), await startNode()];
    wrong.behaviour.chainId = "other-9";
    healthy.behaviour.delayMs = 2;
    const { reader, warnings } = await open(carrier, [wrong, healthy]);
    expect(heightsOf(await readAll(reader))).toEqual(all);
    expect(dataRequests(wrong)).toEqual([]);
    const [first, second] = reader.endpoints();
    expect(first?.lastFault).toBe("it serves chain id 'other-9', not 'test-1'");
    expect(first?.cooldownMs).toBeGreaterThan(10_000);
    expect(second?.lastFault).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("it serves chain id 'other-9', not 'test-1'");
  });

  it.each([
    [
      "jumps",
      120,
      900_000_000,
      "reports 900000000 as its newest block, implausibly far above the previous 120",
    ],
    ["goes back", 5_000, 12, "moved its newest block back from 5000 to 12"],
  ])(
    "rejects a newest block that %s, and returns that of another node",
    async (_, head, implausible, reason) => {
      const [wrong, healthy] = [await startNode(), await startNode()];
      wrong.behaviour.head = head;
      Object.assign(healthy.behaviour, { head, delayMs: 400 });
      const { reader } = await open(carrier, [wrong, healthy]);
      await until("both latencies, with the first node faster", async () => {
        expect(await reader.head(signal)).toMatchObject({ height: head });
        const [first, second] = reader.endpoints().map(({ latencyMs }) => latencyMs);
        return first !== undefined && second !== undefined && first < second;
      });
      wrong.behaviour.head = implausible;
      expect(await reader.head(signal)).toMatchObject({ height: head });
      expect(reader.endpoints()[0]?.lastFault).toContain(reason);
    },
  );

  it("calls both nodes, each within the configured requests per second", async () => {
    const nodes = [await startNode(), await startNode()];
    const { reader } = await open(carrier, nodes, { requestsPerSecond: 40 });
    const start = performance.now();
    expect(heightsOf(await readAll(reader, 40))).toHaveLength(40);
    const seconds = (performance.now() - start) / 1_000;
    for (const node of nodes) {
      const sent = dataRequests(node).length;
      expect(sent).toBeGreaterThan(20);
      // Timers may run a millisecond early.
      expect(sent).toBeLessThanOrEqual(40 * (seconds + 0.002) + 1);
    }
  });
});

describe("a node that returns 429 with Retry-After", () => {
  it("receives no request until the time is over, then all heights are read at a lower rate", async () => {
    const node = await startNode();
    const clock = createManualClock();
    let requests = 0;
    node.behaviour.fault = () => {
      requests += 1;
      return requests === 61 ? "rate-limit" : undefined;
    };
    const { reader } = await open("rpc", [node], { parallel: 4, clock });
    let done = false;
    const reading = readAll(reader, 60).finally(() => (done = true));
    await until("the 429 to arrive", () => (reader.endpoints()[0]?.cooldownMs ?? 0) > 0);
    expect(reader.endpoints()[0]?.cooldownMs).toBe(1_000);
    await clock.advance(999);
    // Only the requests of the other three heights were in flight.
    expect(requests).toBeLessThanOrEqual(61 + 3);
    expect(done).toBe(false);
    while (!done) {
      await clock.advance(10);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const results = await reading;
    expect(heightsOf(results)).toHaveLength(60);
    expect(transactionsIn(results)).toBe(45);
    expect(reader.endpoints()[0]?.requestsPerSecond).toBeLessThan(1_000);
  });

  it("cools down while another node serves the remaining heights, and is reported", async () => {
    const [limited, free] = [await startNode(), await startNode()];
    let requests = 0;
    limited.behaviour.fault = () => ((requests += 1) > 3 ? "rate-limit" : undefined);
    // The clock stands still, so the cooldown does not end while the heights are read.
    const { reader, warnings } = await open("rpc", [limited, free], { clock: createManualClock() });
    expect(heightsOf(await readAll(reader))).toEqual(all);
    const [first] = reader.endpoints();
    expect(first?.lastFault).toBe("it returned 429, too many requests");
    expect(dataRequests(limited).length).toBeLessThan(40);
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.every((line) => line.includes('"fault":"rate-limited"'))).toBe(true);
  });
});
