// What a worker reports about itself, and how it admits tasks: over streams in memory with a manual clock.
import { expect, it } from "vitest";
import type { ChainHead } from "../../domain/chain.js";
import type { TaskRequest } from "../../domain/task.js";
import { silentLogger } from "../../lib/logger.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { startScriptedManager } from "../../testing/scripted-manager.js";
import { until } from "../../testing/until.js";
import { createMemoryChannels, type ManagerChannel } from "../protocol/channel.js";
import { supportedFeatures, type PongFrame, type TaskFrame } from "../protocol/frames.js";
import { createWorkerSessionServer } from "./session-server.js";
import type { TaskSource } from "./task-execution.js";

function heights(from: number, to = from): TaskRequest {
  return { kind: "heights", chain: countingChain, range: { from, to } };
}

/** A chain whose tasks end only when the test releases their height. */
function createGatedChain() {
  const gates = new Map<number, () => void>();
  const chain = createCountingChain({
    before: (height, signal) =>
      new Promise((resolve) => {
        gates.set(height, resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  });
  const release = async (height: number): Promise<void> => {
    (await until(`height ${height}`, () => gates.get(height)))();
  };
  return { chain, release, started: () => [...gates.keys()] };
}

function setUp(source: TaskSource, capacity = 1) {
  const clock = createManualClock();
  const server = createWorkerSessionServer({
    source,
    capacity,
    version: "1",
    clock,
    logger: silentLogger(),
  });
  const connect = async () => {
    const { manager, worker } = createMemoryChannels();
    const served = server.serve(worker);
    const scripted = startScriptedManager(manager);
    await scripted.ping(supportedFeatures);
    const reports = (): readonly PongFrame[] => scripted.pongs.filter(({ id }) => id === "");
    return { ...scripted, manager: scripted, served, reports, pongs: () => scripted.pongs };
  };
  return { clock, server, connect };
}

function sendTask(
  channel: ManagerChannel,
  fields: Pick<TaskFrame, "id" | "lease" | "request">,
): Promise<void> {
  return channel.send({
    kind: "task",
    attempt: 1,
    credit: 16,
    timeoutMs: 0,
    maxMessageBytes: 16 * 1024 * 1024,
    ...fields,
  });
}

it("reports its chain's head when the height or the hash changes, and only then", async () => {
  let head: ChainHead = { height: 5, hash: "a" };
  const { connect, clock } = setUp({ ...createCountingChain(), head: () => Promise.resolve(head) });
  const { reports } = await connect();
  await clock.advance(3_000);
  const before = reports().length;
  expect(before).toBeLessThanOrEqual(1);
  head = { height: 5, hash: "b" };
  await clock.advance(3_000);
  expect(reports().slice(before)).toMatchObject([{ head }]);
  head = { height: 6, hash: "b" };
  await clock.advance(3_000);
  expect(reports().slice(before + 1)).toMatchObject([{ head }]);
});

it("reads its chain's head once per second for all managers, while one is connected", async () => {
  let reads = 0;
  const { connect, clock } = setUp({
    ...createCountingChain(),
    head: () => Promise.resolve({ height: (reads += 1), hash: "x" }),
  });
  const first = await connect();
  const second = await connect();
  reads = 0;
  await clock.advance(5_000);
  expect(reads).toBe(5);
  for (const { channel } of [first, second]) channel.close();
  await Promise.all([first.served, second.served]);
  await clock.advance(1_000);
  reads = 0;
  await clock.advance(5_000);
  expect(reads).toBe(0);
  const third = await connect();
  await clock.advance(2_000);
  expect(reads).toBeGreaterThanOrEqual(2);
  expect(third.reports().length).toBeGreaterThanOrEqual(1);
});

it("ends its drain as soon as the last task ends", async () => {
  const { chain, release } = createGatedChain();
  const { connect, server, clock } = setUp(chain);
  const { manager } = await connect();
  const task = manager.start(heights(1));
  await until("the task", () => server.inFlight === 1);
  let drained = false;
  const draining = server.drain(30_000).then(() => (drained = true));
  await clock.advance(29_000);
  expect([drained, server.draining]).toEqual([false, true]);
  await release(1);
  await clock.advance(10);
  await draining;
  expect(await task.finalFrame()).toMatchObject({ outcome: "complete" });
});

it("ends its drain after the grace time, and cancels the running tasks for other workers", async () => {
  const { chain } = createGatedChain();
  const { connect, server, clock } = setUp(chain);
  const { manager } = await connect();
  const task = manager.start(heights(1));
  await until("the task", () => server.inFlight === 1);
  const draining = server.drain(30_000);
  await clock.advance(30_000);
  await draining;
  expect(await task.finalFrame()).toMatchObject({
    outcome: "cancelled",
    error: { retry: "other-worker", details: { type: "draining" } },
  });
});

it("never starts a waiting task that is cancelled, and starts the next one in its place", async () => {
  const { chain, release, started } = createGatedChain();
  const { connect, server, clock } = setUp(chain);
  const { manager } = await connect();
  const tasks = [1, 2, 3].map((height) => manager.start(heights(height)));
  await until("three tasks", () => server.inFlight === 3);
  tasks[1]!.cancel();
  expect(await tasks[1]!.finalFrame()).toMatchObject({
    outcome: "cancelled",
    order: 0,
    error: { retry: "never", details: { type: "cancelled" } },
  });
  expect(server.inFlight).toBe(2);
  await release(1);
  await clock.advance(10);
  await release(3);
  await clock.advance(10);
  expect(await tasks[2]!.finalFrame()).toMatchObject({ outcome: "complete" });
  expect(started()).toEqual([1, 3]);
  await until("no task", () => server.inFlight === 0);
});

it("executes a call once if it arrives twice, and another call of the same task as well", async () => {
  const { chain, started } = createGatedChain();
  const { connect, server } = setUp(chain, 8);
  const { channel } = await connect();
  await sendTask(channel, { id: "t", lease: "1", request: heights(1) });
  await sendTask(channel, { id: "t", lease: "1", request: heights(2) });
  await sendTask(channel, { id: "t", lease: "2", request: heights(3) });
  await until("two calls", () => started().length === 2);
  expect([started(), server.inFlight]).toEqual([[1, 3], 2]);
});

it("refuses a task while 64 others wait, and asks the manager to repeat it after a second", async () => {
  const { chain } = createGatedChain();
  const { connect, server } = setUp(chain);
  const { manager } = await connect();
  const tasks = Array.from({ length: 66 }, (_, at) => manager.start(heights(at)));
  const refused = await tasks.at(-1)!.finalFrame();
  expect(refused).toMatchObject({
    outcome: "failed",
    count: 0,
    error: { retry: "same-worker", details: { type: "busy", retryAfterMs: 1_000 } },
  });
  expect(server.inFlight).toBe(65);
  expect(tasks.slice(0, -1).every(({ final }) => final === undefined)).toBe(true);
});

it("frees its capacity when the stream of a manager ends, and starts the tasks of the others", async () => {
  const { chain, started } = createGatedChain();
  const { connect, server } = setUp(chain);
  const [first, second] = [await connect(), await connect()];
  first.manager.start(heights(1));
  await until("the first task", () => server.inFlight === 1);
  second.manager.start(heights(2));
  await until("the second task", () => server.inFlight === 2);
  first.channel.close();
  await first.served;
  await until("the second task's start", () => started().includes(2));
  expect(server.inFlight).toBe(1);
});
