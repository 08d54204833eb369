// One task over several calls: what each next call requests, and what the worker's statistics count.
import { afterEach, expect, it } from "vitest";
import { TaskFailure, type TaskRequest } from "../../domain/task.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { createManagerBench, span, type ManagerBench } from "../../testing/manager-bench.js";
import { itemsOf, startScriptedWorker, type ScriptedWorker } from "../../testing/scripted-worker.js";
import { until } from "../../testing/until.js";
import { createMemoryChannels } from "../protocol/channel.js";
import { supportedFeatures } from "../protocol/frames.js";

const chain = createCountingChain();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A manager with one worker that is online. */
async function setUp(
  capacity = 8,
): Promise<{ readonly bench: ManagerBench; readonly worker: ScriptedWorker }> {
  const bench = createManagerBench();
  closers.push(() => bench.close());
  const channels = createMemoryChannels();
  const worker = startScriptedWorker(channels.worker, chain);
  worker.pong = { features: supportedFeatures, capacity };
  await bench.online("w", () => channels.manager);
  return { bench, worker };
}

function latest(limit: number): TaskRequest {
  return { kind: "latest", chain: countingChain, limit };
}

async function outcomes(bench: ManagerBench): Promise<unknown[]> {
  const found = await bench.metrics.getSingleMetric("indexer_task_finals_total")?.get();
  return found?.values.map(({ labels, value }): unknown[] => [labels["outcome"], value]) ?? [];
}

it("requests the rest of the newest heights after the last whole height, with its hash", async () => {
  const { bench, worker } = await setUp();
  const task = bench.run(latest(10));
  const call = await worker.task(0);
  await worker.heights(call, 0, 50, 53);
  await task.reached(4);
  await worker.final(call, { order: 1, outcome: "truncated" });
  const again = await worker.task(1);
  expect(again).toMatchObject({ attempt: 2, resumeAfter: 53 });
  expect(again.request).toEqual({
    ...latest(6),
    after: { height: 53, hash: "block-53" },
  });
  await worker.heights(again, 0, 54, 59);
  await worker.final(again, { order: 1 });
  await task.done;
  expect(task.heights).toEqual(span(50, 59));
  expect(task.parts.map(({ cursor }) => cursor).at(-1)).toBe(59);
});

it("counts a quarantined height as done, a quarantined transaction not, and sends no hash of an earlier height", async () => {
  const { bench, worker } = await setUp();
  const task = bench.run(latest(10));
  const call = await worker.task(0);
  const [block, ...transactions] = itemsOf(chain, 51, 51);
  await worker.part(call, {
    order: 0,
    items: [
      ...itemsOf(chain, 50, 50),
      { kind: "quarantine", height: 51, index: 0, error: "odd" },
      block!,
      ...transactions,
      { kind: "quarantine", height: 52, error: "unreadable" },
    ],
    cursor: 52,
  });
  await until("the quarantined height", () => task.results.length === 4);
  await worker.final(call, { order: 1, outcome: "truncated" });
  expect((await worker.task(1)).request).toEqual({ ...latest(7), after: { height: 52 } });
});

it("ends without another call if the rest of the request is empty when the call fails", async () => {
  const { bench, worker } = await setUp();
  const task = bench.run(latest(2));
  const call = await worker.task(0);
  await worker.heights(call, 0, 50, 51);
  await worker.final(call, { order: 1, outcome: "truncated" });
  await task.done;
  expect([task.heights, worker.tasks.length]).toEqual([[50, 51], 1]);
});

it("counts a complete call as done, a failed one as failed, and a cancelled one as neither", async () => {
  const { bench, worker } = await setUp();
  const counted = (): unknown[] =>
    bench.workers.list().map(({ tasksDone, tasksFailed, inFlight }) => [tasksDone, tasksFailed, inFlight]);
  const failing = bench.heights(1, 1);
  const error = new TaskFailure("broken", "never");
  await worker.final(await worker.task(0), { order: 0, outcome: "failed", error });
  await expect(failing.done).rejects.toMatchObject({ code: "WORKER_FAILED" });
  expect(counted()).toEqual([[0, 1, 0]]);

  const complete = bench.heights(2, 2);
  const call = await worker.task(1);
  await worker.heights(call, 0, 2, 2);
  await worker.final(call, { order: 1 });
  await complete.done;
  expect(counted()).toEqual([[1, 1, 0]]);

  const controller = new AbortController();
  const cancelled = bench.heights(3, 3, { signal: controller.signal });
  await worker.task(2);
  controller.abort(new Error("not needed"));
  await expect(cancelled.done).rejects.toThrow("not needed");
  expect(counted()).toEqual([[1, 1, 0]]);
  expect(await outcomes(bench)).toEqual([
    ["failed", 1],
    ["complete", 1],
  ]);
});

it("ends at once when its signal aborts during the delay before a retry", async () => {
  const { bench, worker } = await setUp();
  const controller = new AbortController();
  const task = bench.heights(1, 1, { signal: controller.signal });
  const error = new TaskFailure("slow down", "same-worker", { type: "rate_limited", retryAfterMs: 60_000 });
  await worker.final(await worker.task(0), { order: 0, outcome: "failed", error });
  await until("the end of the call", () => bench.workers.list()[0]?.inFlight === 0);
  controller.abort(new Error("not needed"));
  await expect(task.done).rejects.toThrow("not needed");
  expect(worker.tasks).toHaveLength(1);
});

it("allows each call only the time that is left for the task, and at least one millisecond", async () => {
  const { bench, worker } = await setUp();
  const task = bench.heights(1, 1, { timeoutMs: 10_000 });
  const busy = new TaskFailure("busy", "same-worker", { type: "busy", retryAfterMs: 2_500 });
  const call = await worker.task(0);
  expect(call.timeoutMs).toBe(10_000);
  await bench.clock.advance(1_000);
  await worker.final(call, { order: 0, outcome: "failed", error: busy });
  await until("the end of the call", () => bench.workers.list()[0]?.inFlight === 0);
  await bench.clock.advance(2_500);
  const again = await worker.task(1);
  expect(again.timeoutMs).toBe(6_500);
  await worker.heights(again, 0, 1, 1);
  await worker.final(again, { order: 1 });
  await task.done;
});

it("numbers its parts without a gap over all calls", async () => {
  const { bench, worker } = await setUp();
  const task = bench.heights(1, 4);
  const call = await worker.task(0);
  for (const [order, height] of [1, 2].entries()) {
    await worker.heights(call, order, height, height);
    await task.reached(height);
  }
  await worker.final(call, { order: 2, outcome: "truncated" });
  const again = await worker.task(1);
  for (const [order, height] of [3, 4].entries()) {
    await worker.heights(again, order, height, height);
    await task.reached(height);
  }
  await worker.final(again, { order: 2 });
  await task.done;
  expect(task.parts.map(({ order }) => order)).toEqual([0, 1, 2, 3]);
  const calls = await bench.metrics.getSingleMetric("indexer_task_calls_total")?.get();
  expect(calls?.values).toMatchObject([{ labels: { chain: "counting/counting-1" }, value: 2 }]);
});

it("is complete if the worker reports a failure after the last height", async () => {
  const { bench, worker } = await setUp();
  const task = bench.heights(1, 2);
  const call = await worker.task(0);
  await worker.heights(call, 0, 1, 2);
  await worker.final(call, { order: 1, outcome: "failed", error: new TaskFailure("late", "never") });
  await task.done;
  expect([task.heights, worker.tasks.length]).toEqual([[1, 2], 1]);
});

it("continues a task before its caller's waiting tasks, which keep their order", async () => {
  const { bench, worker } = await setUp(1);
  const tasks = [
    [1, 2],
    [11, 11],
    [21, 21],
  ].map(([from, to]) => bench.heights(from!, to!));
  const call = await worker.task(0);
  await worker.heights(call, 0, 1, 1);
  await worker.final(call, { order: 1, outcome: "truncated" });
  // The worker is free before the task returns to the queue, so the first waiting task gets it.
  for (const [at, from] of [11, 2, 21].entries()) {
    const next = await worker.task(at + 1);
    expect(next.request).toMatchObject({ range: { from } });
    await worker.heights(next, 0, from, from);
    await worker.final(next, { order: 1 });
  }
  await Promise.all(tasks.map(({ done }) => done));
});

it("waits without a limit once a worker is online, however long the worker is busy", async () => {
  const bench = createManagerBench();
  closers.push(() => bench.close());
  const channels = createMemoryChannels();
  const worker = startScriptedWorker(channels.worker, chain);
  worker.pong = { features: supportedFeatures, capacity: 1 };
  let available = false;
  const connect = (): typeof channels.manager => {
    if (available) return channels.manager;
    throw new Error("The worker is unavailable.");
  };
  bench.attach("w", connect);
  const tasks = [bench.heights(1, 1), bench.heights(2, 2)];
  await bench.clock.advance(100);
  // Another change of the pool while the tasks wait.
  bench.attach("other", () => {
    throw new Error("The worker is unavailable.");
  });
  available = true;
  await bench.clock.advance(2_000);
  const call = await worker.task(0);
  for (let second = 0; second < 8; second += 1) {
    await bench.clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(worker.tasks).toHaveLength(1);
  await worker.heights(call, 0, 1, 1);
  await worker.final(call, { order: 1 });
  const second = await worker.task(1);
  await worker.heights(second, 0, 2, 2);
  await worker.final(second, { order: 1 });
  await Promise.all(tasks.map(({ done }) => done));
});

it("grants credit for each acknowledged part once, and none after the end of the call", async () => {
  const { bench, worker } = await setUp();
  const task = bench.heights(1, 4);
  const call = await worker.task(0);
  const granted = (): number =>
    worker.notes.reduce((sum, note) => sum + (note.kind === "credit" ? note.credit : 0), 0);
  for (const height of [1, 2, 3]) {
    await worker.heights(call, height - 1, height, height);
    await until(`credit ${height}`, () => granted() === height);
  }
  await Promise.all([worker.heights(call, 3, 4, 4), worker.final(call, { order: 4 })]);
  await task.done;
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(granted()).toBe(3);
  expect(worker.notes.every(({ kind }) => kind === "credit")).toBe(true);
});

it("shares the buffer between the tasks in flight: at most 16 and at least 2 messages each", async () => {
  const bench = createManagerBench({ bufferBytes: 12 * 256 * 1024 });
  closers.push(() => bench.close());
  const channels = createMemoryChannels();
  const worker = startScriptedWorker(channels.worker, chain);
  await bench.online("w", () => channels.manager);
  const credits: number[] = [];
  for (let at = 0; at < 8; at += 1) {
    bench.heights(at, at);
    credits.push((await worker.task(at)).credit);
  }
  expect(credits).toEqual([12, 6, 4, 3, 2, 2, 2, 2]);
});
