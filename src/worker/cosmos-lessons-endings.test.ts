// How tasks end at a real Cosmos worker, over gRPC, with a node that fails: what an earlier system got wrong (lessons 27, 28, 29, 33).
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { supportedFeatures } from "../connectivity/protocol/frames.js";
import type { TaskRequest } from "../domain/task.js";
import { testAddress, makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosStandIn, type NodeFault } from "../testing/cosmos-node.js";
import { startCosmosWorker, type CosmosWorker } from "../testing/cosmos-worker.js";
import type { SentTask, ScriptedManager } from "../testing/scripted-manager.js";
import { until } from "../testing/until.js";

const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const count = 400;
const served = makeChain(chainId, count);
const carriers = ["rpc", "grpc"] as const;
type Carrier = (typeof carriers)[number];

interface Scene {
  readonly node: CosmosStandIn;
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
  list = closers,
): Promise<Scene> {
  const node = await startCosmosNode({ chainId, heights: served });
  list.push(() => node.close());
  const worker = await startCosmosWorker({
    ...(carrier === "rpc" ? { COSMOS_RPC_URL: node.rpcUrl } : { COSMOS_GRPC_ADDR: node.grpcUrl }),
    DRAIN_TIMEOUT: "100ms",
    ...settings,
  });
  list.push(() => worker.stop());
  return { node, worker, manager: await worker.connect() };
}

const heights = (from: number, to: number): TaskRequest => ({ kind: "heights", chain, range: { from, to } });
const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Everything that the worker had to say has arrived, and it still works. */
async function saidAll({ node, manager }: Scene): Promise<void> {
  node.behaviour.fault = () => undefined;
  node.behaviour.delayMs = 0;
  expect(await manager.start(heights(1, 2)).finalFrame()).toMatchObject({ outcome: "complete" });
  await manager.ping(supportedFeatures);
}

/** What holds of every ended task: one final, which comes last and counts what came before; heights without a hole up to its cursor. */
function expectOneFinal(task: SentTask, from = 1): void {
  expect(task.finals).toHaveLength(1);
  expect(task.final).toMatchObject({ order: task.parts.length, count: task.parts.length });
  expect(task.parts.map(({ order }) => order)).toEqual(task.parts.map((_, at) => at));
  expect(task.heights).toEqual(span(from, task.final?.cursor ?? from - 1));
}

describe.each(carriers)("a worker that reads over %s", (carrier) => {
  const timedOut = { outcome: "failed", error: { retry: "other-worker", details: { type: "timeout" } } };

  it("lesson 27: a deadline while the node does not answer ends a range as failed, at what was sent, never as complete", async () => {
    const scene = await setUp(carrier);
    const task = scene.manager.start(heights(1, count), { credit: 1, timeoutMs: 400 });
    await until("the first part", () => task.parts.length === 1);
    scene.node.behaviour.fault = () => "hang";
    task.grant(1_000);
    expect(await task.finalFrame()).toMatchObject(timedOut);
    expect(task.heights.length).toBeGreaterThan(0);
    expect(task.heights.length).toBeLessThan(count);
    await saidAll(scene);
    expectOneFinal(task);
  });

  it("lesson 27: a deadline while all is read but not yet taken ends as failed, and nothing follows it", async () => {
    const scene = await setUp(carrier);
    const task = scene.manager.start(heights(1, 60), { credit: 1, timeoutMs: 300 });
    expect(await task.finalFrame()).toMatchObject(timedOut);
    task.grant(1_000);
    await saidAll(scene);
    expectOneFinal(task);
    expect(task.parts).toHaveLength(1);
  });

  it.each<[string, TaskRequest]>([
    ["the newest heights", { kind: "latest", chain, limit: 5 }],
    ["what is new", { kind: "latest", chain, after: { height: 10 }, limit: 5 }],
    ["a transaction", { kind: "transaction", chain, hash: "AB".repeat(32) }],
    ["a balance", { kind: "balance", chain, account: testAddress("alice"), height: 5 }],
  ])(
    "lesson 27: a deadline ends the question for %s as failed, never as an empty success",
    async (_, request) => {
      const scene = await setUp(carrier);
      scene.node.behaviour.fault = () => "hang";
      const task = scene.manager.start(request, { timeoutMs: 100 });
      expect(await task.finalFrame()).toMatchObject({ ...timedOut, count: 0 });
      await saidAll(scene);
      expect(task.finals).toHaveLength(1);
    },
  );

  it.each<[string, string, (scene: Scene) => Promise<SentTask>]>([
    ["success", "complete", async ({ manager }) => manager.start(heights(1, 40), { timeoutMs: 60_000 })],
    ["a refusal", "failed", async ({ manager }) => manager.start(heights(count + 50, count + 60))],
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
      "a cancel while the node does not answer",
      "cancelled",
      async ({ node, manager }) => {
        node.behaviour.fault = () => "hang";
        const before = node.requests.length;
        const task = manager.start(heights(1, 5));
        await until("a question for a block", () =>
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
        const task = manager.start(heights(1, 40));
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
  ])("lesson 29: %s is told by exactly one final", async (_, outcome, act) => {
    const scene = await setUp(carrier);
    const task = await act(scene);
    expect(await task.finalFrame()).toMatchObject({ outcome });
    await saidAll(scene);
    expectOneFinal(task, outcome === "failed" ? count + 50 : 1);
  });
});

it("lesson 29: a cancel and a deadline at the same moment are told by exactly one final", async () => {
  const scene = await setUp("rpc", { CAPACITY: "64" });
  scene.node.behaviour.fault = () => "hang";
  const tasks = span(1, 50).map((at) => scene.manager.start(heights(at, at + 5), { timeoutMs: 100 }));
  // All deadlines lie within a few milliseconds: the first that ends says that it is the moment.
  await until("the first deadline", () => tasks.some(({ final }) => final !== undefined));
  for (const task of tasks) task.cancel();
  for (const task of tasks) expect((await task.finalFrame()).outcome).toMatch(/^(failed|cancelled)$/);
  // This one's deadline is over after all of theirs.
  expect(await scene.manager.start(heights(1, 2), { timeoutMs: 100 }).finalFrame()).toMatchObject({
    outcome: "failed",
  });
  await saidAll(scene);
  tasks.forEach((task, at) => expectOneFinal(task, at + 1));
});

it("lesson 29: a worker that ends tells each of its tasks by exactly one final: what runs, what waits, and what comes too late", async () => {
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
  "lesson 33: PING is answered at once while every place is taken and the node does not answer over %s",
  async (carrier) => {
    const { node, manager } = await setUp(carrier, { CAPACITY: "3" });
    node.behaviour.fault = () => "hang";
    const tasks = span(1, 6).map((at) => manager.start(heights(at, at)));
    await until("six tasks", async () => (await manager.ping(supportedFeatures)).inFlight === 6);
    const waits: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const start = performance.now();
      expect(await manager.ping(supportedFeatures)).toMatchObject({ inFlight: 6, capacity: 3, draining: false });
      waits.push(performance.now() - start);
    }
    expect(Math.max(...waits)).toBeLessThan(1_000);
    expect(tasks.flatMap(({ parts, finals }) => [...parts, ...finals])).toEqual([]);
  },
);

// Each waits for rests of its node: all at once.
describe.concurrent.each(carriers)("a worker whose node breaks over %s", (carrier) => {
  /** Lets a node break when two parts of a long range are sent; gives the task when it has ended. */
  const breakWithin = async (scene: Scene, fault: NodeFault): Promise<SentTask> => {
    const task = scene.manager.start(heights(1, count), { credit: 2 });
    await until("two parts", () => task.parts.length === 2);
    scene.node.behaviour.fault = () => fault;
    task.grant(1_000);
    await task.finalFrame();
    return task;
  };

  it("lesson 28: it ends a long range by one final, with the error and the last height that was sent", async () => {
    const scene = await setUp(carrier, {}, late);
    const task = await breakWithin(scene, "error");
    const { outcome, error, cursor } = task.final ?? {};
    expect({ outcome, retry: error?.retry, type: error?.details.type }).toEqual({
      outcome: "failed",
      retry: "other-worker",
      type: "unavailable",
    });
    expect(error?.message).toMatch(
      /^No endpoint of cosmos\/test-1 could answer\. \S*127\.0\.0\.1:\d+\S*: it /,
    );
    expect(cursor).toBeGreaterThan(1);
    expect(cursor).toBeLessThan(count);
    // A task that needs no node, and a PONG: what came before them has arrived.
    expect(await scene.manager.start(heights(0, 0)).finalFrame()).toMatchObject({ error: { retry: "never" } });
    await scene.manager.ping(supportedFeatures);
    expectOneFinal(task);
  });

  it("lesson 28: the rest is read from the cursor of the failed task once its node takes connections again", async () => {
    const scene = await setUp(carrier, {}, late);
    const task = await breakWithin(scene, "close");
    scene.node.behaviour.fault = () => undefined;
    const resumeAfter = task.final?.cursor ?? 0;
    const rest = scene.manager.start(heights(1, resumeAfter + 40), { resumeAfter });
    expect(await rest.finalFrame()).toMatchObject({ outcome: "complete", cursor: resumeAfter + 40 });
    expectOneFinal(rest, resumeAfter + 1);
    expectOneFinal(task);
  });
});
