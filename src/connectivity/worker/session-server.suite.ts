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
export function responderSuite(createCarrier: () => Carrier): void {
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
    it("is answered with the same id, the features and what the worker is", async () => {
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

    it("is not waited for where the chain's head or the draining changes: the worker tells by itself", async () => {
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

    it("lesson 33: is answered at once while every place is taken and the chain does not answer", async () => {
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
    it("is answered in batches of whole heights, in order, with a cursor and one final that counts", async () => {
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

    it("goes on after the height that the manager holds", async () => {
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
      // Sent: 2. Waiting: one batch, and the height that filled it.
      expect(chain.reads.length).toBeLessThanOrEqual(4);
      task.grant(3);
      await until("five parts", () => task.parts.length === 5);
      await settled(chain);
      expect(task.parts).toHaveLength(5);
      task.cancel();
      await task.finalFrame();
    });

    it("lesson 9: splits a fat height over messages that the manager takes; the cursor moves with the last", async () => {
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

    it("puts a note in the place of a transaction that no message can hold", async () => {
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

    it("sends what is there when the chain is slow, instead of waiting for a full batch", async () => {
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

    it("says that it lives when it has nothing to send, where it has credit", async () => {
      const clock = createManualClock();
      const chain = createCountingChain({ before: (_, signal) => forever(signal) });
      const { manager, responder } = await setUp(chain, { clock });
      const task = manager.start(heights(1, 1));
      // One sleeper watches the head, one is the task's.
      await until("the task", () => responder.inFlight === 1 && clock.sleepers > 1);
      await clock.advance(10_000);
      await until("a sign", () => task.parts.length === 1);
      expect(task.parts).toMatchObject([{ order: 0, items: [] }]);
      task.cancel();
      expect(await task.finalFrame()).toMatchObject({ count: 1, outcome: "cancelled" });
    });

    it("stops at a CANCEL at once, though the chain does not", async () => {
      const chain = createCountingChain({ before: () => new Promise(() => undefined) });
      const { manager, responder } = await setUp(chain);
      const task = manager.start(heights(1, 5));
      await until("the task", () => responder.inFlight === 1);
      task.cancel();
      expect(await task.finalFrame()).toMatchObject({ outcome: "cancelled", count: 0 });
      expect(responder.inFlight).toBe(0);
    });

    it("lesson 27: fails when its time is up, and never ends silently", async () => {
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

    it("lesson 11: a chain that breaks while it is asked is a failure", async () => {
      const source: TaskSource = {
        ...createCountingChain(),
        execute: () => {
          throw new Error("not even begun");
        },
      };
      const { manager } = await setUp(source);
      expect(await manager.start(heights(1, 5)).finalFrame()).toMatchObject({ outcome: "failed" });
    });

    it("is refused with NEVER where the worker does not answer its kind", async () => {
      const { manager } = await setUp({ ...createCountingChain(), capabilities: ["heights"] });
      const task = manager.start({ kind: "balance", chain: countingChain, account: "a", height: 1 });
      expect(await task.finalFrame()).toMatchObject({
        outcome: "failed",
        error: { retry: "never", details: { type: "unsupported" } },
      });
    });
  });

  describe("many", () => {
    it("tasks are worked at in parallel up to capacity, over all streams together", async () => {
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

    it("managers are served at once, and each hears only of its own tasks", async () => {
      const { manager, connect } = await setUp(createCountingChain());
      const other = await connect();
      const [mine, theirs] = [manager.start(heights(1, 50)), other.start(heights(100, 150))];
      await Promise.all([mine.finalFrame(), theirs.finalFrame()]);
      expect(mine.heights.at(-1)).toBe(50);
      expect(theirs.heights[0]).toBe(100);
      expect(manager.frames.some((frame) => "id" in frame && frame.id === theirs.id)).toBe(false);
    });

    it("tasks of a manager that vanished without a word stop after 30 s, and make room", async () => {
      const clock = createManualClock();
      const chain = createCountingChain({ before: (_, signal) => forever(signal) });
      const { manager, responder } = await setUp(chain, { clock, headIntervalMs: 1_000_000 });
      manager.start(heights(1, 1));
      await until("the task", () => responder.inFlight === 1);
      for (let second = 0; second < 29; second += 1) await clock.advance(1_000);
      expect(responder.inFlight).toBe(1);
      await clock.advance(5_000);
      await until("room", () => responder.inFlight === 0);
    });

    it("tasks of a stream that broke stop, and make room", async () => {
      const stopped: boolean[] = [];
      const chain = createCountingChain({
        before: (_, signal) => forever(signal).finally(() => stopped.push(true)),
      });
      const { manager, responder, connect } = await setUp(chain, { capacity: 1 });
      manager.start(heights(1, 1));
      await until("the task", () => responder.inFlight === 1);
      manager.channel.close();
      await until("room", () => responder.inFlight === 0);
      await until("the chain to be told", () => stopped.length === 1);
      const other = await connect();
      expect(await other.ping(supportedFeatures)).toMatchObject({ inFlight: 0 });
    });
  });

  it("drains: nothing new, what waits goes to others at once, what runs may end, the rest is cancelled", async () => {
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

/** Gives heights 1 and 2, then fails or ends. */
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

/** Resolves when the chain was not read for some turns. */
async function settled(chain: CountingChain): Promise<void> {
  let before = -1;
  while (before !== chain.reads.length) {
    before = chain.reads.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
