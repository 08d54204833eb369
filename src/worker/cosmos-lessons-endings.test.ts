// Final messages of a real Cosmos worker over gRPC if its node fails: errors of an earlier system (lessons 27, 28, 29, 33).
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { supportedFeatures } from "../connectivity/protocol/frames.js";
import type { TaskRequest } from "../domain/task.js";
import type { Clock } from "../lib/clock.js";
import { testAddress, makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode, type NodeFault } from "../testing/cosmos-node.js";
import { startCosmosWorker, type CosmosWorker } from "../testing/cosmos-worker.js";
import { createManualClock } from "../testing/manual-clock.js";
import type { SentTask, ScriptedManager } from "../testing/scripted-manager.js";
import { until } from "../testing/until.js";

const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const count = 400;
const served = makeChain(chainId, count);
/** Credit for one part per height: a slow machine sends parts with fewer heights. */
const enough = 1_000;
const carriers = ["rpc", "grpc"] as const;
type Carrier = (typeof carriers)[number];

interface Setup {
  readonly node: CosmosTestNode;
  readonly worker: CosmosWorker;
  readonly manager: ScriptedManager;
}

type Closers = (() => Promise<void>)[];
const closers: Closers = [];
const late: Closers = [];
const closeAll = async (list: Closers): Promise<void> => {
  for (const close of list.splice(0).reverse()) await close();
};
afterEach(() => closeAll(closers));
afterAll(() => closeAll(late));

async function setUp(
  carrier: Carrier,
  settings: Readonly<Record<string, string>> = {},
  { list = closers, clock }: { readonly list?: Closers; readonly clock?: Clock } = {},
): Promise<Setup> {
  const node = await startCosmosNode({ chainId, heights: served });
  list.push(() => node.close());
  const environment = {
    ...(carrier === "rpc" ? { COSMOS_RPC_URL: node.rpcUrl } : { COSMOS_GRPC_ADDR: node.grpcUrl }),
    DRAIN_TIMEOUT: "100ms",
    ...settings,
  };
  const worker = await startCosmosWorker(environment, clock);
  list.push(() => worker.stop());
  return { node, worker, manager: await worker.connect() };
}

const heights = (from: number, to: number): TaskRequest => ({ kind: "heights", chain, range: { from, to } });
const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Resolves when all earlier messages of the worker have arrived. Expects that it still executes tasks. */
async function receiveAll({ node, manager }: Setup): Promise<void> {
  node.behaviour.fault = () => undefined;
  node.behaviour.delayMs = 0;
  expect(await manager.start(heights(1, 2)).finalFrame()).toMatchObject({ outcome: "complete" });
  await manager.ping(supportedFeatures);
}

/** Expects one final, after all parts and with their number, and heights without gaps up to its cursor. */
function expectOneFinal(task: SentTask, from = 1): void {
  expect(task.finals).toHaveLength(1);
  expect(task.final).toMatchObject({ order: task.parts.length, count: task.parts.length });
  expect(task.parts.map(({ order }) => order)).toEqual(task.parts.map((_, at) => at));
  expect(task.heights).toEqual(span(from, task.final?.cursor ?? from - 1));
}

describe.each(carriers)("a worker that reads over %s", (carrier) => {
  const timedOut = { outcome: "failed", error: { retry: "other-worker", details: { type: "timeout" } } };

  it("lesson 27: a deadline while the node does not respond fails the range after the heights that were sent", async () => {
    const clock = createManualClock();
    const setup = await setUp(carrier, {}, { clock });
    const task = setup.manager.start(heights(1, count), { credit: 1, timeoutMs: 3_000 });
    await until("the first part", () => task.parts.length === 1);
    setup.node.behaviour.fault = () => "hang";
    task.grant(enough);
    await clock.advance(2_999);
    await setup.manager.ping(supportedFeatures);
    expect(task.final).toBeUndefined();
    await clock.advance(1);
    expect(await task.finalFrame()).toMatchObject(timedOut);
    expect(task.heights.length).toBeGreaterThan(0);
    expect(task.heights.length).toBeLessThan(count);
    await receiveAll(setup);
    expectOneFinal(task);
  });

  it("lesson 27: a deadline while read heights wait for credit fails the range, and no message follows", async () => {
    const clock = createManualClock();
    const setup = await setUp(carrier, {}, { clock });
    const task = setup.manager.start(heights(1, 60), { credit: 1, timeoutMs: 3_000 });
    await until("the first part", () => task.parts.length === 1);
    await clock.advance(3_000);
    expect(await task.finalFrame()).toMatchObject(timedOut);
    task.grant(enough);
    await receiveAll(setup);
    expectOneFinal(task);
    expect(task.parts).toHaveLength(1);
  });

  it.each<[string, TaskRequest]>([
    ["the newest heights", { kind: "latest", chain, limit: 5 }],
    ["newer heights", { kind: "latest", chain, after: { height: 10 }, limit: 5 }],
    ["a transaction", { kind: "transaction", chain, hash: "AB".repeat(32) }],
    ["a balance", { kind: "balance", chain, account: testAddress("alice"), height: 5 }],
  ])(
    "lesson 27: a deadline fails the request for %s, which never completes without results",
    async (_, request) => {
      const setup = await setUp(carrier);
      setup.node.behaviour.fault = () => "hang";
      const task = setup.manager.start(request, { timeoutMs: 100 });
      expect(await task.finalFrame()).toMatchObject({ ...timedOut, count: 0 });
      await receiveAll(setup);
      expect(task.finals).toHaveLength(1);
    },
  );

  it.each<[string, string, (setup: Setup) => Promise<SentTask>]>([
    [
      "success",
      "complete",
      async ({ manager }) => manager.start(heights(1, 40), { credit: enough, timeoutMs: 60_000 }),
    ],
    ["a rejected request", "failed", async ({ manager }) => manager.start(heights(count + 50, count + 60))],
    [
      "a cancel in the middle",
      "cancelled",
      async ({ manager }) => {
        const task = manager.start(heights(1, count), { credit: 1 });
        await until("the first part", () => task.parts.length === 1);
        task.cancel();
        task.cancel();
        return task;
      },
    ],
    [
      "a cancel while the node does not respond",
      "cancelled",
      async ({ node, manager }) => {
        node.behaviour.fault = () => "hang";
        const before = node.requests.length;
        const task = manager.start(heights(1, 5));
        await until("a request for a block", () =>
          node.requests.slice(before).some(({ method }) => method === "block"),
        );
        task.cancel();
        return task;
      },
    ],
    [
      "a cancel after the end",
      "complete",
      async ({ manager }) => {
        const task = manager.start(heights(1, 40), { credit: enough });
        await task.finalFrame();
        task.cancel();
        return task;
      },
    ],
    [
      "a deadline",
      "failed",
      async ({ node, manager }) => {
        node.behaviour.fault = () => "hang";
        return manager.start(heights(1, 5), { timeoutMs: 50 });
      },
    ],
  ])("lesson 29: %s ends with exactly one final", async (_, outcome, act) => {
    const setup = await setUp(carrier);
    const task = await act(setup);
    expect(await task.finalFrame()).toMatchObject({ outcome });
    await receiveAll(setup);
    expectOneFinal(task, outcome === "failed" ? count + 50 : 1);
  });
});

it("lesson 29: a cancel and a deadline at the same moment end with exactly one final", async () => {
  const setup = await setUp("rpc", { CAPACITY: "64" });
  setup.node.behaviour.fault = () => "hang";
  const tasks = span(1, 50).map((at) => setup.manager.start(heights(at, at + 5), { timeoutMs: 100 }));
  // All deadlines are within a few milliseconds of the first.
  await until("the first deadline", () => tasks.some(({ final }) => final !== undefined));
  for (const task of tasks) task.cancel();
  for (const task of tasks) expect((await task.finalFrame()).outcome).toMatch(/^(failed|cancelled)$/);
  // Its deadline is later than all of theirs.
  expect(await setup.manager.start(heights(1, 2), { timeoutMs: 100 }).finalFrame()).toMatchObject({
    outcome: "failed",
  });
  await receiveAll(setup);
  tasks.forEach((task, at) => expectOneFinal(task, at + 1));
});

it("lesson 29: a worker that stops ends running, queued and late tasks with exactly one final each", async () => {
  const { node, worker, manager } = await setUp("rpc", { CAPACITY: "2" });
  node.behaviour.fault = () => "hang";
  const tasks = [1, 2, 3, 4].map((at) => manager.start(heights(at, at + 5)));
  await until("four tasks", async () => (await manager.ping(supportedFeatures)).inFlight === 4);
  const stopped = worker.stop();
  await until("the draining", () => manager.pongs.some(({ draining }) => draining));
  tasks.push(manager.start(heights(5, 10)));
  for (const task of tasks) {
    expect(await task.finalFrame()).toMatchObject({
      outcome: "cancelled",
      error: { retry: "other-worker", details: { type: "draining" } },
    });
  }
  await stopped;
  const ping = { kind: "ping", id: "late", features: [], maxMessageBytes: 0 } as const;
  await until("the end of the stream", () =>
    manager.channel.send(ping).then(
      () => false,
      () => true,
    ),
  );
  tasks.forEach((task, at) => expectOneFinal(task, at + 1));
});

it.each(carriers)(
  "lesson 33: a full worker whose node does not respond over %s responds to PING within a second",
  async (carrier) => {
    const { node, manager } = await setUp(carrier, { CAPACITY: "3" });
    node.behaviour.fault = () => "hang";
    const tasks = span(1, 6).map((at) => manager.start(heights(at, at)));
    await until("six tasks", async () => (await manager.ping(supportedFeatures)).inFlight === 6);
    const waits: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const start = performance.now();
      expect(await manager.ping(supportedFeatures)).toMatchObject({
        inFlight: 6,
        capacity: 3,
        draining: false,
      });
      waits.push(performance.now() - start);
    }
    expect(Math.max(...waits)).toBeLessThan(1_000);
    expect(tasks.flatMap(({ parts, finals }) => [...parts, ...finals])).toEqual([]);
  },
);

// Each test waits for cooldowns of its node, so they run concurrently.
describe.concurrent.each(carriers)("a worker whose node fails over %s", (carrier) => {
  /** Makes the node fail after two parts of a long range. Resolves with the ended task. */
  const runWithFault = async (setup: Setup, fault: NodeFault): Promise<SentTask> => {
    const task = setup.manager.start(heights(1, count), { credit: 2 });
    await until("two parts", () => task.parts.length === 2);
    setup.node.behaviour.fault = () => fault;
    task.grant(enough);
    await task.finalFrame();
    return task;
  };

  it("lesson 28: ends a long range with one final that has the error and the last height that was sent", async () => {
    const setup = await setUp(carrier, {}, { list: late });
    const task = await runWithFault(setup, "error");
    const { outcome, error, cursor } = task.final ?? {};
    expect({ outcome, retry: error?.retry, type: error?.details.type }).toEqual({
      outcome: "failed",
      retry: "other-worker",
      type: "unavailable",
    });
    expect(error?.message).toMatch(
      /^No endpoint of cosmos\/test-1 completed the call\. \S*127\.0\.0\.1:\d+\S*: it /,
    );
    expect(cursor).toBeGreaterThan(1);
    expect(cursor).toBeLessThan(count);
    // A task without node requests and a PONG: all earlier messages have arrived.
    expect(await setup.manager.start(heights(0, 0)).finalFrame()).toMatchObject({
      error: { retry: "never" },
    });
    await setup.manager.ping(supportedFeatures);
    expectOneFinal(task);
  });

  it("lesson 28: reads on from the failed task's cursor when its node accepts connections again", async () => {
    const setup = await setUp(carrier, {}, { list: late });
    const task = await runWithFault(setup, "close");
    setup.node.behaviour.fault = () => undefined;
    const resumeAfter = task.final?.cursor ?? 0;
    const rest = setup.manager.start(heights(1, resumeAfter + 40), { credit: enough, resumeAfter });
    expect(await rest.finalFrame()).toMatchObject({ outcome: "complete", cursor: resumeAfter + 40 });
    expectOneFinal(rest, resumeAfter + 1);
    expectOneFinal(task);
  });
});
