import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskRequest } from "../domain/task.js";
import type { WriteBatch, WriteResult } from "../store/port.js";
import { createCountingChain, countingChain, type CountingOptions } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { until } from "../testing/until.js";
import { runTasks, type StoredPart } from "./run-tasks.js";

const noChange: WriteResult = { blocks: 0, transactions: 0, replaced: [], unlinked: [] };
const never = new AbortController().signal;
const heights = (from: number, to: number): TaskRequest => ({
  kind: "heights",
  chain: countingChain,
  range: { from, to },
});
const heightOf = (part: StoredPart): number => part.blocks[0]!.height;

function createBench(
  options: CountingOptions = {},
  commit: (batch: WriteBatch) => Promise<void> = async () => {},
) {
  const direct = createDirectWorkers([createCountingChain(options)]);
  const committed: number[] = [];
  const deps = {
    dispatcher: direct.dispatcher,
    committer: {
      commit: async (batch: WriteBatch) => {
        await commit(batch);
        committed.push(batch.heights[0]!.block.height);
        return noChange;
      },
    },
  };
  const run = (tasks: readonly TaskRequest[], signal = never): AsyncGenerator<StoredPart> =>
    runTasks(deps, tasks, { caller: "test", priority: "background", signal });
  return { direct, committed, run };
}

async function collect(parts: AsyncIterable<StoredPart>): Promise<{ heights: number[]; error?: unknown }> {
  const received: number[] = [];
  try {
    for await (const part of parts) received.push(heightOf(part));
    return { heights: received };
  } catch (error) {
    return { heights: received, error };
  }
}

describe("runTasks", () => {
  it("yields each part once, in order within a task, for any order of commits", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat(8), { maxLength: 5 }), async (scheduler, sizes) => {
        const { run, direct } = createBench({}, () => scheduler.schedule(Promise.resolve()));
        const tasks = sizes.map((size, at) => heights(at * 100, at * 100 + size));
        const all = collect(run(tasks));
        await scheduler.waitFor(all);
        const received = (await all).heights;
        sizes.forEach((size, at) => {
          const own = received.filter((height) => Math.floor(height / 100) === at);
          expect(own).toEqual(Array.from({ length: size + 1 }, (_, offset) => at * 100 + offset));
        });
        expect(direct.acknowledged).toBe(received.length);
        expect(direct.inFlight).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("grants credit and yields only after the commit", async () => {
    let finish = (): void => {};
    const { run, direct } = createBench({}, () => new Promise((resolve) => (finish = resolve)));
    const parts = run([heights(1, 1)]);
    let yielded = false;
    const next = parts.next().then((result) => ((yielded = true), result));
    await new Promise((resolve) => setImmediate(resolve));
    expect([direct.acknowledged, yielded]).toEqual([0, false]);
    finish();
    expect(heightOf((await next).value as StoredPart)).toBe(1);
    expect(direct.acknowledged).toBe(1);
  });

  it("runs at most 64 tasks at once, and completes all of them", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { run, direct } = createBench({ before: () => gate });
    const all = collect(run(Array.from({ length: 100 }, (_, height) => heights(height, height))));
    await until("64 tasks", () => direct.inFlight === 64);
    await new Promise((resolve) => setImmediate(resolve));
    expect(direct.tasks).toHaveLength(64);
    release();
    expect((await all).heights.sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, height) => height),
    );
  });

  it("stops reading at its bound while the consumer does not read", async () => {
    const { run, committed } = createBench();
    const parts = run([heights(1, 1_000)]);
    await parts.next();
    await until("64 parts", () => committed.length >= 64);
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(committed.length).toBeLessThan(64 + 16);
    await parts.return(undefined);
  });

  it("yields the parts before a failure, then the error, and cancels the other tasks", async () => {
    const { run, direct } = createBench({
      before: (height, signal) => {
        if (height === 5) throw new Error("The node failed.");
        if (height < 100) return;
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(new Error("aborted"))),
        );
      },
    });
    const { heights: received, error } = await collect(run([heights(1, 10), heights(100, 101)]));
    expect(received).toEqual([1, 2, 3, 4]);
    expect(error).toMatchObject({ message: "The node failed." });
    await until("no task", () => direct.inFlight === 0);
  });

  it("fails with the error of a commit, after the parts before it, and grants no credit for it", async () => {
    const { run, direct } = createBench({}, async ({ heights: [first] }) => {
      if (first!.block.height < 3) await new Promise((resolve) => setImmediate(resolve));
      if (first!.block.height === 3) throw new Error("The commit failed.");
    });
    const { heights: received, error } = await collect(run([heights(1, 500)]));
    expect(received).toEqual([1, 2]);
    expect(error).toMatchObject({ message: "The commit failed." });
    await until("no task", () => direct.inFlight === 0);
    expect(direct.acknowledged).toBeLessThan(500);
  });

  it("ends at once when the signal aborts, even during a commit", async () => {
    const { run, direct } = createBench({}, () => new Promise(() => {}));
    const controller = new AbortController();
    const all = collect(run([heights(1, 10)], controller.signal));
    await until("a task", () => direct.inFlight === 1);
    controller.abort(new Error("cancelled"));
    expect(await all).toMatchObject({ heights: [], error: { message: "cancelled" } });
    expect(await collect(run([heights(1, 10)], controller.signal))).toMatchObject({
      error: { message: "cancelled" },
    });
    expect(direct.tasks).toHaveLength(1);
  });

  it("cancels its tasks when the consumer stops reading", async () => {
    const { run, direct } = createBench();
    for await (const _ of run([heights(1, 1_000), heights(2_000, 3_000)])) break;
    expect(direct.tasks.every(({ options }) => options.signal.aborted)).toBe(true);
    await until("no task", () => direct.inFlight === 0);
  });

  it("retains no yielded part in memory while a task returns nothing", async () => {
    const yielded: WeakRef<object>[] = [];
    const { run } = createBench({
      transactions: () => 1,
      rawBytes: 50_000,
      before: (height) => (height === 10_000 ? new Promise(() => {}) : undefined),
    });
    const parts = run([heights(10_000, 10_001), heights(1, 1_000)]);
    for await (const part of parts) {
      yielded.push(new WeakRef(part.blocks[0]!));
      if (yielded.length < 1_000) continue;
      // The target of a WeakRef stays in memory until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      setFlagsFromString("--expose-gc");
      (runInNewContext("gc") as () => void)();
      expect(yielded.filter((each) => each.deref() !== undefined).length).toBeLessThan(10);
      break;
    }
  });
});
