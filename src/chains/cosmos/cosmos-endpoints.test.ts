// Several real node servers of one chain: the fastest is preferred, limits hold, dead and wrong nodes are replaced and reported.
import { afterAll, describe, expect, it, vi } from "vitest";
import { createLogger } from "../../lib/logger.js";
import type { TaskResult } from "../../domain/task.js";
import { collect } from "../../testing/collect.js";
import { makeChain } from "../../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosStandIn, type NodeRequest } from "../../testing/cosmos-node.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { until } from "../../testing/until.js";
import { createCosmosChain, type CosmosChain, type CosmosChainOptions } from "./cosmos-chain.js";

// A guard against hanging, not a measure: a busy machine may need long.
vi.setConfig({ testTimeout: 60_000 });

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

async function startNode(): Promise<CosmosStandIn> {
  const node = await startCosmosNode({ chainId, heights });
  closing.push(() => node.close());
  return node;
}

interface Opened {
  readonly reader: CosmosChain;
  /** Lines of the log from warnings up. */
  readonly warnings: readonly string[];
}

async function open(
  carrier: Carrier,
  nodes: readonly CosmosStandIn[],
  rest: Partial<CosmosChainOptions> = {},
): Promise<Opened> {
  const warnings: string[] = [];
  const reader = await createCosmosChain({
    chainId,
    rpcUrls: carrier === "rpc" ? nodes.map(({ rpcUrl }) => rpcUrl) : [],
    grpcUrls: carrier === "grpc" ? nodes.map(({ grpcUrl }) => grpcUrl) : [],
    // No test here needs a timeout: a busy machine must not cause one.
    timeouts: { requestMs: 30_000 },
    logger: createLogger({ level: "warn", destination: { write: (line) => void warnings.push(line) } }),
    ...rest,
  });
  closing.push(() => reader.close());
  return { reader, warnings };
}

const readAll = (reader: CosmosChain, to = count): Promise<TaskResult[]> =>
  collect(reader.execute({ kind: "heights", chain, range: { from: 1, to } }, signal));
const heightsOf = (answers: readonly TaskResult[]): number[] =>
  answers.flatMap((answer) => (answer.kind === "height" ? [answer.block.height] : []));
const transactionsIn = (answers: readonly TaskResult[]): number =>
  answers.reduce((sum, each) => sum + (each.kind === "height" ? each.transactions.length : 0), 0);
const all = Array.from({ length: count }, (_, at) => at + 1);
const dataRequests = ({ requests }: CosmosStandIn): NodeRequest[] =>
  requests.filter(({ method }) => !["status", "latest_block"].includes(method));

describe.concurrent.each(carriers)("over %s", (carrier) => {
  it("prefers the fastest of three nodes, whatever their order", async () => {
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

  it("reads everything if the faster of two nodes dies in the middle", async () => {
    const [dies, lives] = [await startNode(), await startNode()];
    lives.behaviour.delayMs = 600;
    const { reader } = await open(carrier, [dies, lives]);
    const given: TaskResult[] = [];
    const range = { from: 1, to: count };
    for await (const answer of reader.execute({ kind: "heights", chain, range }, signal)) {
      given.push(answer);
      if (given.length !== 20) continue;
      lives.behaviour.delayMs = 0;
      await dies.close();
    }
    expect(heightsOf(given)).toEqual(all);
    expect(transactionsIn(given)).toBe(90);
    expect(dataRequests(dies).length).toBeGreaterThan(15);
    const [dead, alive] = reader.endpoints();
    expect(dead?.lastFault).toContain("cannot be reached");
    expect(alive?.lastFault).toBeUndefined();
  });

  it("never reads from a node of another chain, and reports both chain ids", async () => {
    const [liar, honest] = [await startNode(), await startNode()];
    liar.behaviour.chainId = "other-9";
    honest.behaviour.delayMs = 2;
    const { reader, warnings } = await open(carrier, [liar, honest]);
    expect(heightsOf(await readAll(reader))).toEqual(all);
    expect(dataRequests(liar)).toEqual([]);
    const [first, second] = reader.endpoints();
    expect(first?.lastFault).toBe("it serves chain id 'other-9', not 'test-1'");
    expect(first?.cooldownMs).toBeGreaterThan(10_000);
    expect(second?.lastFault).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("it serves chain id 'other-9', not 'test-1'");
  });

  it.each([
    ["jumps", 120, 900_000_000, "says that its newest block is 900000000, impossibly far above 120"],
    ["goes back", 5_000, 12, "moved its newest block back from 5000 to 12"],
  ])("rejects a newest block that %s, and uses another node's", async (_, head, wrong, reason) => {
    const [liar, honest] = [await startNode(), await startNode()];
    liar.behaviour.head = head;
    Object.assign(honest.behaviour, { head, delayMs: 400 });
    const { reader } = await open(carrier, [liar, honest]);
    await until("both latencies, with the first node faster", async () => {
      expect(await reader.head(signal)).toMatchObject({ height: head });
      const [first, second] = reader.endpoints().map(({ latencyMs }) => latencyMs);
      return first !== undefined && second !== undefined && first < second;
    });
    liar.behaviour.head = wrong;
    expect(await reader.head(signal)).toMatchObject({ height: head });
    expect(reader.endpoints()[0]?.lastFault).toContain(reason);
  });

  it("uses both nodes, each within the requests per second", async () => {
    const nodes = [await startNode(), await startNode()];
    const { reader } = await open(carrier, nodes, { requestsPerSecond: 40 });
    const start = performance.now();
    expect(heightsOf(await readAll(reader, 40))).toHaveLength(40);
    const seconds = (performance.now() - start) / 1_000;
    for (const node of nodes) {
      const sent = dataRequests(node).length;
      expect(sent).toBeGreaterThan(20);
      // A timer may run a millisecond before its time.
      expect(sent).toBeLessThanOrEqual(40 * (seconds + 0.002) + 1);
    }
  });
});

describe.concurrent("a node that returns 429 with Retry-After", () => {
  it("gets no request before the time is over, then continues more slowly without losing a height", async () => {
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

  it("cools down while another node continues, and is reported", async () => {
    const [limited, free] = [await startNode(), await startNode()];
    free.behaviour.delayMs = 1;
    let requests = 0;
    limited.behaviour.fault = () => ((requests += 1) > 3 ? "rate-limit" : undefined);
    const { reader, warnings } = await open("rpc", [limited, free]);
    expect(heightsOf(await readAll(reader))).toEqual(all);
    const [first] = reader.endpoints();
    expect(first?.lastFault).toBe("it returned 429, too many requests");
    expect(dataRequests(limited).length).toBeLessThan(40);
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.every((line) => line.includes('"fault":"rate-limited"'))).toBe(true);
  });
});
