// Several nodes of one chain, as real servers: the fastest is asked, limits are kept, the dead are left, liars are refused and told.
import { afterAll, describe, expect, it } from "vitest";
import { createLogger } from "../../lib/logger.js";
import type { TaskResult } from "../../domain/task.js";
import { collect } from "../../testing/collect.js";
import { makeChain } from "../../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosStandIn, type NodeRequest } from "../../testing/cosmos-node.js";
import { until } from "../../testing/until.js";
import { createCosmosChain, type CosmosChain, type CosmosChainOptions } from "./cosmos-chain.js";

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
    timeouts: { requestMs: 2_000 },
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
  it("the fastest of three is asked most, the others hardly, whichever stands first", async () => {
    const nodes = [await startNode(), await startNode(), await startNode()];
    [150, 100, 0].forEach((delayMs, at) => Object.assign(nodes[at]?.behaviour ?? {}, { delayMs }));
    const { reader } = await open(carrier, nodes, { parallel: 4 });
    expect(heightsOf(await readAll(reader))).toEqual(all);
    const [slow = 0, middle = 0, fast = 0] = nodes.map((node) => dataRequests(node).length);
    expect(fast).toBeGreaterThan(150);
    expect(slow + middle).toBeLessThan(40);
    const [first, second, third] = reader.endpoints().map(({ latencyMs }) => latencyMs ?? 0);
    expect(first).toBeGreaterThan(third ?? Infinity);
    expect(second).toBeGreaterThan(third ?? Infinity);
  });

  it("the faster of two dies in the middle with all its connections: everything is read all the same", async () => {
    const [dies, lives] = [await startNode(), await startNode()];
    lives.behaviour.delayMs = 300;
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

  it("one that serves another chain is never read from, and its state names both ids", async () => {
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
  ])("a newest block that %s is refused at one, and another's is taken", async (_, head, wrong, reason) => {
    const [liar, honest] = [await startNode(), await startNode()];
    liar.behaviour.head = head;
    Object.assign(honest.behaviour, { head, delayMs: 200 });
    const { reader } = await open(carrier, [liar, honest]);
    await until("both to be heard, and the first to be the faster", async () => {
      expect(await reader.head(signal)).toMatchObject({ height: head });
      const [first, second] = reader.endpoints().map(({ latencyMs }) => latencyMs);
      return first !== undefined && second !== undefined && first < second;
    });
    liar.behaviour.head = wrong;
    expect(await reader.head(signal)).toMatchObject({ height: head });
    expect(reader.endpoints()[0]?.lastFault).toContain(reason);
  });

  it("the requests a second are kept at each of two nodes, and both are used", async () => {
    const nodes = [await startNode(), await startNode()];
    const { reader } = await open(carrier, nodes, { requestsPerSecond: 40 });
    const start = performance.now();
    expect(heightsOf(await readAll(reader, 40))).toHaveLength(40);
    const seconds = (performance.now() - start) / 1_000;
    for (const node of nodes) {
      const asked = dataRequests(node).length;
      expect(asked).toBeGreaterThan(20);
      // A timer may run a millisecond before its time.
      expect(asked).toBeLessThanOrEqual(40 * (seconds + 0.002) + 1);
    }
  });
});

describe.concurrent("a node that answers 429 with Retry-After", () => {
  it("is not asked again before the time is over, then goes on, slower; nothing is lost", async () => {
    const node = await startNode();
    const arrivals: { readonly at: number; readonly limited: boolean }[] = [];
    node.behaviour.fault = () => {
      const limited = arrivals.length === 60;
      arrivals.push({ at: performance.now(), limited });
      return limited ? "rate-limit" : undefined;
    };
    const { reader } = await open("rpc", [node], { parallel: 4 });
    const answers = await readAll(reader, 60);
    expect(heightsOf(answers)).toHaveLength(60);
    expect(transactionsIn(answers)).toBe(45);
    const limitedAt = arrivals.find(({ limited }) => limited)?.at ?? 0;
    // Requests that were on their way arrive a moment later; then there is silence for the second that it asked for.
    const later = arrivals.filter(({ at }) => at > limitedAt + 200);
    expect(later.length).toBeGreaterThan(10);
    expect(Math.min(...later.map(({ at }) => at)) - limitedAt).toBeGreaterThan(950);
    expect(reader.endpoints()[0]?.requestsPerSecond).toBeLessThan(1_000);
  });

  it("rests while another does its work, and its state is told", async () => {
    const [limited, free] = [await startNode(), await startNode()];
    free.behaviour.delayMs = 1;
    let asked = 0;
    limited.behaviour.fault = () => ((asked += 1) > 3 ? "rate-limit" : undefined);
    const { reader, warnings } = await open("rpc", [limited, free]);
    expect(heightsOf(await readAll(reader))).toEqual(all);
    const [first] = reader.endpoints();
    expect(first?.lastFault).toBe("it answers 429, too many requests");
    expect(dataRequests(limited).length).toBeLessThan(40);
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.every((line) => line.includes('"fault":"rate-limited"'))).toBe(true);
  });
});
