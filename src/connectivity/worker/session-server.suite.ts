// The protocol's rules from the worker's side, one by one, over any carrier.
import { afterEach, describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { silentLogger } from "../../lib/logger.js";
import { systemClock, type Clock } from "../../lib/clock.js";
import type { Carrier } from "../../testing/carriers.js";
import { countingChain, createCountingChain, type CountingChain } from "../../testing/counting-chain.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { startScriptedManager, type ScriptedManager } from "../../testing/scripted-manager.js";
import { until } from "../../testing/until.js";
import type { TaskSource } from "./task-execution.js";
import { supportedFeatures } from "../protocol/frames.js";
import { createWorkerSessionServer, type WorkerSessionServer } from "./session-server.js";

interface Scene {
  readonly responder: WorkerSessionServer;
  readonly manager: ScriptedManager;
  connect(): Promise<ScriptedManager>;
}

const heights = (from: number, to: number): TaskRequest => ({
  kind: "heights",
  chain: countingChain,
  range: { from, to },
});

/** Declares the suite for a carrier. */
export function sessionServerSuite(createCarrier: () => Carrier): void {
  const carrier = createCarrier();
  afterEach(() => carrier.close());

  const setUp = async (
    source: TaskSource,
    options: {
      readonly clock?: Clock;
      readonly capacity?: number;
      readonly features?: readonly string[];
      readonly headIntervalMs?: number;
    } = {},
  ): Promise<Scene> => {
    const { clock = systemClock, features = supportedFeatures } = options;
    const responder = createWorkerSessionServer({
      source,
      version: "1",
      clock,
      logger: silentLogger(),
      ...options,
    });
    const connect = async (): Promise<ScriptedManager> => {
      const { manager, worker } = await carrier.open();
      void responder.serve(worker);
      const scripted = startScriptedManager(manager);
      await scripted.ping(features);
      return scripted;
    };
    return { responder, manager: await connect(), connect };
  };

  describe("a PING", () => {
    it("gets a PONG with the same id, the features and the worker's state", async () => {
      const { manager } = await setUp(createCountingChain({ head: 77 }), { capacity: 3 });
      await manager.ping(supportedFeatures);
      await until(
        "the head",
        () => manager.pongs.some(({ head }) => head !== undefined) || void manager.ping(supportedFeatures),
      );
      expect(manager.pongs.at(-1)).toMatchObject({
        capacity: 3,
        inFlight: 0,
        draining: false,
        head: { height: 77 },
      });
    });

    it("is not needed when the chain's head or draining changes: the worker reports both", async () => {
      let height = 5;
      const chain = { ...createCountingChain(), head: async () => ({ height, hash: `block-${height}` }) };
      const { manager, responder } = await setUp(chain, { headIntervalMs: 5 });
      await until("the head", () => manager.pongs.some(({ head }) => head?.height === 5));
      height = 6;
      await until("the next head", () =>
        manager.pongs.some(({ id, head }) => id === "" && head?.height === 6),
      );
      const before = manager.pongs.length;
      await responder.drain(0);
      await until("the draining", () =>
        manager.pongs.slice(before).some(({ id, draining }) => id === "" && draining),
      );
    });

    it("lesson 33: gets a PONG at once while the capacity is used and the chain does not respond", async () => {
      const stuck = createCountingChain({ before: (_, signal) => forever(signal) });
      const { manager } = await setUp(stuck, { capacity: 2 });
      const tasks = [1, 2, 3, 4].map((at) => manager.start(heights(at, at)));
      await until("two at work", () => manager.pongs.length > 0);
      const pong = await manager.ping(supportedFeatures);
      expect(pong).toMatchObject({ inFlight: 4, capacity: 2 });
      for (const task of tasks) task.cancel();
      await until("four ends", () => tasks.every(({ final }) => final !== undefined));
    });
  });

  describe("a task", () => {
    it("is executed in batches of whole heights, in order, with a cursor and one final with the count", async () => {
      const chain = createCountingChain();
      const { manager } = await setUp(chain);
      const task = manager.start(heights(0, 999), { credit: 1_000 });
      const final = await task.finalFrame();
      expect(final).toMatchObject({
        outcome: "complete",
        count: task.parts.length,
        order: task.parts.length,
        cursor: 999,
      });
      expect(task.parts.map(({ order }) => order)).toEqual(task.parts.map((_, at) => at));
      expect(task.heights).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
      const sizes = task.parts.map(({ items }) => items.filter(({ kind }) => kind === "transaction").length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(103);
      // 1,500 transactions: far fewer messages than one by one.
      expect(task.parts.length).toBeLessThan(60);
    });

    it("continues after the height that the manager has", async () => {
      const chain = createCountingChain();
      const { manager } = await setUp(chain);
      const task = manager.start(heights(1, 9), { resumeAfter: 6 });
      await task.finalFrame();
      expect(task.heights).toEqual([7, 8, 9]);
      const done = manager.start(heights(1, 9), { resumeAfter: 9 });
      expect(await done.finalFrame()).toMatchObject({ outcome: "complete", count: 0 });
    });

    it("never sends more than its credit, and reads ahead by no more than one batch", async () => {
      const chain = createCountingChain({ transactions: () => 100 });
      const { manager } = await setUp(chain);
      const task = manager.start(heights(0, 99), { credit: 2 });
      await until("two parts", () => task.parts.length === 2);
      const pong = await manager.ping(supportedFeatures);
      expect(pong.inFlight).toBe(1);
      await settled(chain);
      expect(task.parts).toHaveLength(2);
      // Two are sent; one batch and the height that filled it wait.
      expect(chain.reads.length).toBeLessThanOrEqual(4);
      task.grant(3);
      await until("five parts", () => task.parts.length === 5);
      await settled(chain);
      expect(task.parts).toHaveLength(5);
      task.cancel();
      await task.finalFrame();
    });

    it("lesson 9: splits a large height into messages that the manager accepts; the cursor moves with the last", async () => {
      const chain = createCountingChain({
        transactions: (height) => (height === 2 ? 300 : 1),
        rawBytes: 10_000,
      });
      const { manager } = await setUp(chain);
      const task = manager.start(heights(1, 3), { credit: 100, maxMessageBytes: 300_000 });
      await task.finalFrame();
      expect(task.heights).toEqual([1, 2, 3]);
      const fat = task.parts.filter(({ items }) =>
        items.some((each) => each.kind === "transaction" && each.transaction.height === 2),
      );
      expect(fat.length).toBeGreaterThan(10);
      expect(fat.slice(0, -1).every(({ cursor }) => (cursor ?? 0) < 2)).toBe(true);
      expect(Math.max(...task.parts.map(({ bytes }) => bytes))).toBeLessThanOrEqual(300_000);
    });

    it("replaces a transaction that fits no message by a quarantine item", async () => {
      const chain = createCountingChain({ transactions: () => 2, rawBytes: 50_000 });
      const { manager } = await setUp(chain);
      const task = manager.start(heights(1, 1), { maxMessageBytes: 20_000 });
      expect(await task.finalFrame()).toMatchObject({ outcome: "complete" });
      const notes = task.parts.flatMap(({ items }) => items.filter(({ kind }) => kind === "quarantine"));
      expect(notes).toMatchObject([
        { height: 1, index: 0 },
        { height: 1, index: 1 },
      ]);
    });

    it("sends an incomplete batch if the chain is slow", async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const chain = createCountingChain({ before: (height) => (height === 2 ? gate : undefined) });
      const { manager } = await setUp(chain);
      const task = manager.start(heights(1, 2));
      await until("the first height", () => task.heights.length === 1);
      release();
      await task.finalFrame();
      expect(task.heights).toEqual([1, 2]);
    });

    it("sends a heartbeat if it has credit and nothing to send", async () => {
      const clock = createManualClock();
      const chain = createCountingChain({ before: (_, signal) => forever(signal) });
      const { manager, responder } = await setUp(chain, { clock });
      const task = manager.start(heights(1, 1));
      // One sleeper belongs to the head, one to the task.
      await until("the task", () => responder.inFlight === 1 && clock.sleepers > 1);
      await clock.advance(10_000);
      await until("a sign", () => task.parts.length === 1);
      expect(task.parts).toMatchObject([{ order: 0, items: [] }]);
      task.cancel();
      expect(await task.finalFrame()).toMatchObject({ count: 1, outcome: "cancelled" });
    });

    it("stops at a CANCEL at once, even if the chain does not", async () => {
      const chain = createCountingChain({ before: () => new Promise(() => undefined) });
      const { manager, responder } = await setUp(chain);
      const task = manager.start(heights(1, 5));
      await until("the task", () => responder.inFlight === 1);
      task.cancel();
      expect(await task.finalFrame()).toMatchObject({ outcome: "cancelled", count: 0 });
      expect(responder.inFlight).toBe(0);
    });

    it("lesson 27: fails after its time limit with an error", async () => {
      const clock = createManualClock();
      const chain = createCountingChain({
        before: (height, signal) => (height > 2 ? forever(signal) : undefined),
      });
      const { manager, responder } = await setUp(chain, { clock });
      const task = manager.start(heights(1, 5), { timeoutMs: 3_000 });
      await until("the task", () => responder.inFlight === 1);
      await clock.advance(100);
      await until("two heights", () => task.heights.length === 2);
      await clock.advance(3_000);
      expect(await task.finalFrame()).toMatchObject({
        outcome: "failed",
        cursor: 2,
        error: { retry: "other-worker", details: { type: "timeout" } },
      });
    });

    it.each([
      [
        "throws a failure",
        failing(new TaskFailure("limit", "same-worker", { retryAfterMs: 5 })),
        { outcome: "failed", error: { retry: "same-worker", details: { retryAfterMs: 5 } } },
      ],
      [
        "throws anything",
        failing(new Error("bug")),
        { outcome: "failed", error: { message: "bug", retry: "other-worker" } },
      ],
      ["ends early", failing(undefined), { outcome: "truncated" }],
    ] as const)("lesson 28: has exactly one final when the chain %s", async (_, source, expected) => {
      const { manager } = await setUp(source);
      const task = manager.start(heights(1, 5));
      const final = await task.finalFrame();
      expect(final).toMatchObject({ ...expected, cursor: 2, count: task.parts.length });
      await manager.ping(supportedFeatures);
      expect(task.finals).toHaveLength(1);
      expect(task.heights).toEqual([1, 2]);
    });

    it("lesson 11: fails if the chain throws at once", async () => {
      const source: TaskSource = {
        ...createCountingChain(),
        execute: () => {
          throw new Error("not even begun");
        },
      };
      const { manager } = await setUp(source);
      expect(await manager.start(heights(1, 5)).finalFrame()).toMatchObject({ outcome: "failed" });
    });

    it("is refused with NEVER if the worker does not support its kind", async () => {
      const { manager } = await setUp({ ...createCountingChain(), capabilities: ["heights"] });
      const task = manager.start({ kind: "balance", chain: countingChain, account: "a", height: 1 });
      expect(await task.finalFrame()).toMatchObject({
        outcome: "failed",
        error: { retry: "never", details: { type: "unsupported" } },
      });
    });
  });

  describe("several", () => {
    it("tasks are executed in parallel up to the capacity of all streams together", async () => {
      let [now, most] = [0, 0];
      const gates: (() => void)[] = [];
      const chain = createCountingChain({
        before: () => {
          now += 1;
          most = Math.max(most, now);
          return new Promise<void>((resolve) =>
            gates.push(() => {
              now -= 1;
              resolve();
            }),
          );
        },
      });
      const { manager, connect, responder } = await setUp(chain, { capacity: 3 });
      const other = await connect();
      const tasks = [manager, other].flatMap((each) => [1, 2, 3].map((at) => each.start(heights(at, at))));
      await until("three at work and three waiting", () => now === 3 && responder.inFlight === 6);
      while (tasks.some(({ final }) => final === undefined)) {
        gates.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(most).toBe(3);
    });

    it("managers are served at the same time, and each gets only its own tasks", async () => {
      const { manager, connect } = await setUp(createCountingChain());
      const other = await connect();
      const [mine, theirs] = [manager.start(heights(1, 50)), other.start(heights(100, 150))];
      await Promise.all([mine.finalFrame(), theirs.finalFrame()]);
      expect(mine.heights.at(-1)).toBe(50);
      expect(theirs.heights[0]).toBe(100);
      expect(manager.frames.some((frame) => "id" in frame && frame.id === theirs.id)).toBe(false);
    });

    it("tasks of a silent manager stop after 30 s, and free their capacity", async () => {
      const clock = createManualClock();
      const chain = createCountingChain({ before: (_, signal) => forever(signal) });
      const { manager, responder } = await setUp(chain, { clock, headIntervalMs: 1_000_000 });
      manager.start(heights(1, 1));
      await until("the task", () => responder.inFlight === 1);
      for (let second = 0; second < 29; second += 1) await clock.advance(1_000);
      expect(responder.inFlight).toBe(1);
      await clock.advance(5_000);
      await until("free capacity", () => responder.inFlight === 0);
    });

    it("tasks of a broken stream stop, and free their capacity", async () => {
      const stopped: boolean[] = [];
      const chain = createCountingChain({
        before: (_, signal) => forever(signal).finally(() => stopped.push(true)),
      });
      const { manager, responder, connect } = await setUp(chain, { capacity: 1 });
      manager.start(heights(1, 1));
      await until("the task", () => responder.inFlight === 1);
      manager.channel.close();
      await until("free capacity", () => responder.inFlight === 0);
      await until("the chain to stop", () => stopped.length === 1);
      const other = await connect();
      expect(await other.ping(supportedFeatures)).toMatchObject({ inFlight: 0 });
    });
  });

  it("drains: refuses new tasks, cancels waiting tasks at once, lets running tasks end, cancels the rest", async () => {
    const clock = createManualClock();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const chain = createCountingChain({
      before: (height, signal) => (height === 1 ? gate : forever(signal)),
    });
    const { manager, responder } = await setUp(chain, { clock, capacity: 2 });
    const [finishes, hangs, waits] = [
      manager.start(heights(1, 1)),
      manager.start(heights(2, 2)),
      manager.start(heights(3, 3)),
    ];
    await until("three tasks", () => responder.inFlight === 3);
    const drained = responder.drain(30_000);
    const elsewhere = {
      outcome: "cancelled",
      error: { retry: "other-worker", details: { type: "draining" } },
    };
    expect(await waits.finalFrame()).toMatchObject(elsewhere);
    expect(await manager.ping(supportedFeatures)).toMatchObject({ draining: true });
    expect(await manager.start(heights(4, 4)).finalFrame()).toMatchObject(elsewhere);
    release();
    expect(await finishes.finalFrame()).toMatchObject({ outcome: "complete" });
    await clock.advance(30_000);
    expect(await hangs.finalFrame()).toMatchObject(elsewhere);
    await drained;
  });
}

/** Yields heights 1 and 2, then fails or ends. */
function failing(error: Error | undefined): TaskSource {
  const chain = createCountingChain();
  async function* execute(request: TaskRequest, signal: AbortSignal): AsyncGenerator<TaskResult> {
    for await (const each of chain.execute(request, signal)) {
      if (each.kind === "height" && each.block.height > 2) break;
      yield each;
    }
    if (error !== undefined) throw error;
  }
  return { ...chain, execute };
}

/** Rejects when the signal aborts, and never resolves. */
function forever(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Error("stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** Resolves when the chain is not read for 20 ms. */
async function settled(chain: CountingChain): Promise<void> {
  let before = -1;
  while (before !== chain.reads.length) {
    before = chain.reads.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
