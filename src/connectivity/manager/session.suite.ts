// The protocol's rules from the manager's side, one by one, over any carrier.
import { afterEach, describe, expect, it } from "vitest";
import { TaskFailure } from "../../domain/task.js";
import type { Carrier, StreamPair } from "../../testing/carriers.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { createManagerBench, span, type ManagerBench } from "../../testing/manager-bench.js";
import { itemsOf, startScriptedWorker, type ScriptedWorker } from "../../testing/scripted-worker.js";
import { until } from "../../testing/until.js";
import { supportedFeatures } from "../protocol/frames.js";

interface Scene {
  readonly bench: ManagerBench;
  readonly workers: readonly (ScriptedWorker & { readonly stream: StreamPair })[];
}

/** Declares the suite for a carrier. */
export function sessionSuite(createCarrier: () => Carrier): void {
  const carrier = createCarrier();
  const chain = createCountingChain();
  const closers: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await carrier.close();
  });

  /** A manager with so many workers online, in a known order: tasks go to the first at first. */
  const setUp = async (count: number): Promise<Scene> => {
    const bench = createManagerBench();
    closers.push(() => bench.close());
    const workers = [];
    for (let at = 0; at < count; at += 1) {
      const stream = await carrier.open();
      const worker = startScriptedWorker(stream.worker, chain);
      await bench.online(`worker-${at}`, once(stream));
      workers.push(Object.assign(worker, { stream }));
    }
    return { bench, workers };
  };

  const setUpOne = async (): Promise<{
    bench: ManagerBench;
    worker: ScriptedWorker & { stream: StreamPair };
  }> => {
    const { bench, workers } = await setUp(1);
    return { bench, worker: first(workers) };
  };

  const setUpTwo = async (): Promise<{
    bench: ManagerBench;
    a: ScriptedWorker & { stream: StreamPair };
    b: ScriptedWorker;
  }> => {
    const { bench, workers } = await setUp(2);
    const [a, b] = workers;
    if (a === undefined || b === undefined) throw new Error("Two workers are needed.");
    return { bench, a, b };
  };

  describe("negotiation", () => {
    it("sends a PING with the features first, and no task before the PONG", async () => {
      const bench = createManagerBench();
      closers.push(() => bench.close());
      const stream = await carrier.open();
      const worker = startScriptedWorker(stream.worker, chain);
      worker.pong = undefined;
      bench.attach("w", once(stream));
      const ping = await until("a PING", () => worker.frames[0]);
      expect(ping).toMatchObject({
        kind: "ping",
        features: supportedFeatures,
        maxMessageBytes: 16 * 1024 * 1024,
      });

      const task = bench.heights(1, 2);
      await bench.clock.advance(1_000);
      expect(worker.tasks).toHaveLength(0);
      expect(bench.workers.list()).toMatchObject([{ state: "CONNECTING" }]);

      await stream.worker.send({
        kind: "pong",
        id: idOf(ping),
        features: supportedFeatures,
        draining: false,
      });
      const call = await worker.task(0);
      expect(call).toMatchObject({
        attempt: 1,
        credit: 16,
        request: { kind: "heights", range: { from: 1, to: 2 } },
      });
      await worker.heights(call, 0, 1, 2);
      await worker.final(call, { order: 1 });
      await task.done;
      expect(bench.workers.list()).toMatchObject([
        { state: "ONLINE", capabilities: supportedFeatures, tasksDone: 1 },
      ]);
    });

    it("treats a PONG without an id as a change of the worker's state, not as a reply", async () => {
      const bench = createManagerBench();
      closers.push(() => bench.close());
      const stream = await carrier.open();
      const worker = startScriptedWorker(stream.worker, chain);
      bench.attach("w", once(stream));
      await until("the worker", () => bench.workers.list()[0]?.state === "ONLINE");
      const { pingMs } = bench.workers.list()[0] ?? {};
      const heads: (number | undefined)[] = [];
      bench.workers.onChange(({ head }) => heads.push(head?.height));
      const report = { kind: "pong", id: "", features: supportedFeatures, draining: false } as const;
      await stream.worker.send({ ...report, head: { height: 7, hash: "seven" } });
      await until("the head", () => heads.includes(7));
      await stream.worker.send({ ...report, draining: true });
      await until("the draining", () => bench.workers.list()[0]?.state === "DRAINING");
      expect(bench.workers.list()).toMatchObject([{ pingMs, head: { height: 7, hash: "seven" } }]);
      expect(worker.tasks).toEqual([]);
    });

    it("lesson 5: a PONG with an unknown id, or a closed stream, makes no worker online", async () => {
      const bench = createManagerBench();
      closers.push(() => bench.close());
      const stream = await carrier.open();
      const worker = startScriptedWorker(stream.worker, chain);
      worker.pong = undefined;
      bench.attach("w", once(stream));
      await until("a PING", () => worker.frames[0]);
      await stream.worker.send({ kind: "pong", id: "another", features: supportedFeatures, draining: false });
      await until("the PONG's drop", () => bench.metrics.getSingleMetric("indexer_messages_dropped_total"));
      await untilDropped(bench, "unknown_ping", 1);
      expect(bench.workers.list()).toMatchObject([{ state: "CONNECTING" }]);
      stream.kill();
      await bench.clock.advance(100);
      expect(bench.workers.list()).toMatchObject([
        { state: "CONNECTING", capacity: expect.any(Number) as number },
      ]);
      expect(bench.dispatcher.capacity(countingChain)).toBe(0);
    });
  });

  describe("a task", () => {
    it("ends with its final; parts come whole and in order", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 6);
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 3);
      await worker.heights(call, 1, 4, 6);
      await worker.final(call, { order: 2 });
      await task.done;
      expect(task.heights).toEqual(span(1, 6));
      expect(task.parts.map(({ order }) => order)).toEqual(task.parts.map((_, at) => at));
      expect(task.parts.at(-1)).toMatchObject({ cursor: 6, worker: "worker-0", taskId: task.taskId });
    });

    it("may start at height 0", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(0, 0);
      const call = await worker.task(0);
      await worker.heights(call, 0, 0, 0);
      await worker.final(call, { order: 1 });
      await task.done;
      expect(task.parts).toMatchObject([{ cursor: 0 }]);
    });

    it("delivers a quarantined height, and continues", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 3);
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 1);
      await worker.part(call, {
        order: 1,
        items: [{ kind: "quarantine", height: 2, error: "odd bytes" }],
        cursor: 2,
      });
      await worker.heights(call, 2, 3, 3);
      await worker.final(call, { order: 3 });
      await task.done;
      expect(task.heights).toEqual([1, 3]);
      expect(task.results).toContainEqual({ kind: "quarantine", height: 2, error: "odd bytes" });
    });

    it("delivers a height in several messages when it is complete, and grants credit for the messages before", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(3, 3, { acknowledge: false });
      const call = await worker.task(0);
      const [block, ...transactions] = itemsOf(chain, 3, 3);
      await worker.part(call, { order: 0, items: block === undefined ? [] : [block] });
      await worker.part(call, { order: 1, items: transactions.slice(0, 2) });
      const credited = await until("credit for both", () => creditOf(worker) >= 2);
      expect(credited).toBe(true);
      expect(task.parts).toHaveLength(0);
      await worker.part(call, { order: 2, items: transactions.slice(2), cursor: 3 });
      await task.reached(1);
      await worker.final(call, { order: 3 });
      await task.done;
      expect(creditOf(worker)).toBe(2);
    });

    it("grants credit only when a part is acknowledged, once each", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 30, { acknowledge: false });
      const call = await worker.task(0);
      for (let order = 0; order < 3; order += 1) await worker.heights(call, order, order + 1, order + 1);
      await task.reached(3);
      expect(creditOf(worker)).toBe(0);
      for (const part of task.parts) {
        part.acknowledge();
        part.acknowledge();
      }
      await until("credit", () => creditOf(worker) === 3);
    });

    it("is cancelled at the worker when its signal aborts", async () => {
      const { bench, worker } = await setUpOne();
      const leaving = new AbortController();
      const task = bench.heights(1, 30, { signal: leaving.signal });
      const call = await worker.task(0);
      leaving.abort(new Error("gone"));
      await expect(task.done).rejects.toThrow("gone");
      await until("CANCEL", () => worker.notes.find(({ kind }) => kind === "cancel"));
      expect(worker.notes).toMatchObject([{ kind: "cancel", id: call.id, lease: call.lease }]);
      expect(bench.workers.list()).toMatchObject([{ inFlight: 0 }]);
    });

    it("is cancelled when its iteration ends early, also while it waits for a part", async () => {
      const { bench, worker } = await setUpOne();
      const { parts } = bench.dispatcher.run(
        { kind: "heights", chain: countingChain, range: { from: 1, to: 9 } },
        { signal: new AbortController().signal, priority: "interactive", caller: "a" },
      );
      const iterator = parts[Symbol.asyncIterator]();
      const first = iterator.next();
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 2);
      expect(await first).toMatchObject({ value: { order: 0 } });
      const second = iterator.next();
      second.catch(() => undefined);
      await iterator.return?.();
      await until("CANCEL", () => worker.notes.find(({ kind }) => kind === "cancel"));
      expect(bench.workers.list()).toMatchObject([{ inFlight: 0 }]);
    });

    it("is cancelled at the worker at once while its consumer does not take parts", async () => {
      const { bench, worker } = await setUpOne();
      const leaving = new AbortController();
      const { parts } = bench.dispatcher.run(
        { kind: "heights", chain: countingChain, range: { from: 1, to: 9 } },
        { signal: leaving.signal, priority: "interactive", caller: "a" },
      );
      const iterator = parts[Symbol.asyncIterator]();
      const first = iterator.next();
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 2);
      await first;
      await worker.heights(call, 1, 3, 4);
      leaving.abort(new Error("gone"));
      await until("CANCEL", () => worker.notes.find(({ kind }) => kind === "cancel"));
      await expect(iterator.next()).rejects.toThrow("gone");
    });

    it("fails with TIMEOUT after its time limit", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 30, { timeoutMs: 3_000 });
      const call = await worker.task(0);
      expect(call.timeoutMs).toBe(3_000);
      await bench.clock.advance(3_000);
      await expect(task.done).rejects.toMatchObject({ code: "TIMEOUT" });
      await until("CANCEL", () => worker.notes.find(({ kind }) => kind === "cancel"));
    });
  });

  describe("an invalid message", () => {
    it("drops doubled messages and counts them", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 2);
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 1);
      await worker.heights(call, 0, 1, 1);
      await worker.heights(call, 1, 2, 2);
      await worker.final(call, { order: 2 });
      await task.done;
      expect(task.heights).toEqual([1, 2]);
      expect(await bench.dropped("doubled")).toBe(1);
    });

    it("lesson 29: a second final is dropped, like every message after the first final", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 1);
      const call = await worker.task(0);
      await worker.heights(call, 0, 1, 1);
      await worker.final(call, { order: 1 });
      await worker.final(call, { order: 1 });
      await worker.heights(call, 2, 2, 2);
      await task.done;
      await untilDropped(bench, "unknown_task", 2);
      expect(task.heights).toEqual([1]);
    });

    it("drops messages under an old lease", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 2);
      const call = await worker.task(0);
      await worker.heights({ ...call, lease: "old" }, 0, 1, 1);
      await worker.heights(call, 0, 1, 2);
      await worker.final(call, { order: 1 });
      await task.done;
      expect(await bench.dropped("old_lease")).toBe(1);
    });

    it("retries on another worker after the last whole height if the order has a gap", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 6);
      const call = await a.task(0);
      await a.heights(call, 0, 1, 2);
      await a.heights(call, 2, 5, 6);
      const again = await b.task(0);
      expect(again).toMatchObject({ attempt: 2, resumeAfter: 2, request: { range: { from: 3, to: 6 } } });
      expect(again.id).toBe(call.id);
      expect(again.lease).not.toBe(call.lease);
      await until("CANCEL of the first", () => a.notes.find(({ kind }) => kind === "cancel"));
      await b.heights(again, 0, 3, 6);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.heights).toEqual(span(1, 6));
    });

    it.each([
      ["a final whose count does not match", { order: 1, count: 2 }],
      ["TRUNCATED", { order: 1, outcome: "truncated" as const }],
      ["a final before the range is whole", { order: 1 }],
    ])("lesson 27: %s is not a success: the rest is retried on another worker", async (_, final) => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 4);
      const call = await a.task(0);
      await a.heights(call, 0, 1, 2);
      await a.final(call, final);
      const again = await b.task(0);
      await b.heights(again, 0, 3, 4);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.heights).toEqual(span(1, 4));
    });

    it("lesson 10: a final ends its own task only", async () => {
      const { bench, worker } = await setUpOne();
      const tasks = [bench.heights(1, 1), bench.heights(2, 2), bench.heights(3, 3)];
      const call = [await worker.task(0), await worker.task(1), await worker.task(2)];
      for (const each of [...call].reverse()) {
        if (each.request.kind !== "heights") throw new Error("Heights are expected.");
        const { from } = each.request.range;
        await worker.heights(each, 0, from, from);
        await worker.final(each, { order: 1 });
      }
      await Promise.all(tasks.map(({ done }) => done));
      expect(tasks.map(({ heights }) => heights)).toEqual([[1], [2], [3]]);
    });

    it("fails after three ends in a row without progress, with the last reason", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 4);
      for (let at = 0; at < 3; at += 1) {
        const call = await worker.task(at);
        await worker.final(call, { order: 0, outcome: "truncated" });
        await bench.clock.advance(5_000);
      }
      await expect(task.done).rejects.toMatchObject({
        code: "WORKER_FAILED",
        message: expect.stringContaining("ended early") as string,
      });
      expect(worker.tasks).toHaveLength(3);
    });

    it("continues as long as each call makes progress", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 6);
      for (let at = 0; at < 6; at += 1) {
        const call = await worker.task(at);
        await worker.heights(call, 0, at + 1, at + 1);
        await worker.final(call, { order: 1, outcome: "truncated" });
      }
      await task.done;
      expect(task.heights).toEqual(span(1, 6));
    });

    it.each([
      ["a block that holds another number of transactions", itemsOf(chain, 3, 3).slice(0, -1)],
      ["a height out of order", itemsOf(chain, 2, 2)],
      ["a transaction before its block", itemsOf(chain, 3, 3).reverse()],
      [
        "another chain",
        itemsOf(createCountingChain({ chain: { network: "counting", chainId: "other" } }), 3, 3),
      ],
    ])("never delivers %s", async (_, items) => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(3, 3);
      const call = await a.task(0);
      await a.part(call, { order: 0, items, cursor: 3 });
      const again = await b.task(0);
      await b.heights(again, 0, 3, 3);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.results).toMatchObject([
        { kind: "height", block: { height: 3 }, transactions: { length: 3 } },
      ]);
    });
  });

  describe("errors", () => {
    it.each([
      [new TaskFailure("no such type", "never", { type: "unknown_type" }), "BAD_USER_INPUT"],
      [new TaskFailure("no such transaction", "never", { type: "not_found" }), "NOT_FOUND"],
      [new TaskFailure("broken", "never"), "WORKER_FAILED"],
    ])("%s is not retried: %s", async (error, code) => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 4);
      await a.final(await a.task(0), { order: 0, outcome: "failed", error });
      await expect(task.done).rejects.toMatchObject({ code, retryable: false });
      expect(b.tasks).toHaveLength(0);
    });

    it("lesson 28: a node that fails in the middle of a range ends its call, and another worker continues", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 4);
      const call = await a.task(0);
      await a.heights(call, 0, 1, 2);
      const error = new TaskFailure("the node is unavailable", "other-worker", { type: "unavailable" });
      await a.final(call, { order: 1, outcome: "failed", error });
      const again = await b.task(0);
      await b.heights(again, 0, 3, 4);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.heights).toEqual(span(1, 4));
    });

    it("retries on the same worker after the delay that it requested", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 1);
      const error = new TaskFailure("slow down", "same-worker", {
        type: "rate_limited",
        retryAfterMs: 2_000,
      });
      await a.final(await a.task(0), { order: 0, outcome: "failed", error });
      await untilInFlight(bench, 0);
      await bench.clock.advance(1_900);
      expect(a.tasks).toHaveLength(1);
      await bench.clock.advance(200);
      const again = await a.task(1);
      await a.heights(again, 0, 1, 1);
      await a.final(again, { order: 1 });
      await task.done;
      expect(b.tasks).toHaveLength(0);
    });

    it("fails with CHAIN_UNAVAILABLE when every node fails", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 1);
      const unavailable = new TaskFailure("the node is unavailable", "other-worker", { type: "unavailable" });
      await a.final(await a.task(0), { order: 0, outcome: "failed", error: unavailable });
      await b.final(await b.task(0), { order: 0, outcome: "failed", error: unavailable });
      await untilInFlight(bench, 0);
      await bench.clock.advance(5_000);
      const third = await until("a third call", () => a.tasks[1] ?? b.tasks[1]);
      await (a.tasks[1] === third ? a : b).final(third, { order: 0, outcome: "failed", error: unavailable });
      await expect(task.done).rejects.toMatchObject({
        code: "CHAIN_UNAVAILABLE",
        message: "the node is unavailable",
      });
    });
  });

  describe("life", () => {
    it("lesson 8: pings every 5 s and ends a session that is silent for three", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 2);
      await a.task(0);
      await bench.clock.advance(5_000);
      await until("a second PING", () => a.frames.filter(({ kind }) => kind === "ping").length === 2);
      await until("its PONG", () => bench.workers.list().every(({ state }) => state === "ONLINE"));
      a.pong = undefined;
      const frozenAt = bench.clock.now();
      while (b.tasks.length === 0) await bench.clock.advance(500).then(() => pongsIn());
      // Target: another worker executes a frozen worker's tasks within 15 s.
      expect(bench.clock.now() - frozenAt).toBeLessThanOrEqual(15_500);
      const again = await b.task(0);
      await b.heights(again, 0, 1, 2);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.heights).toEqual([1, 2]);
    });

    it("ignores silence while this process was stopped", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 1);
      const call = await worker.task(0);
      // All sleepers wake at once and late, as after SIGSTOP and SIGCONT.
      await bench.clock.jump(60_000);
      await pongsIn();
      await worker.heights(call, 0, 1, 1);
      await worker.final(call, { order: 1 });
      await task.done;
      expect(worker.tasks).toHaveLength(1);
      expect(bench.workers.list()).toMatchObject([{ state: "ONLINE" }]);
    });

    it("treats any message as a sign of life", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 10);
      const call = await worker.task(0);
      worker.pong = undefined;
      for (let order = 0; order < 10; order += 1) {
        await bench.clock.advance(4_000);
        await worker.heights(call, order, order + 1, order + 1);
        await task.reached(order + 1);
      }
      await worker.final(call, { order: 10 });
      await task.done;
      expect(worker.tasks).toHaveLength(1);
    });

    it("lesson 28: retries the rest on another worker after 30 s without a message", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 4);
      const call = await a.task(0);
      await a.heights(call, 0, 1, 2);
      await task.reached(2);
      for (let second = 0; second < 31 && b.tasks.length === 0; second += 1) {
        await bench.clock.advance(1_000);
        await pongsIn();
      }
      const again = await b.task(0);
      expect(again.resumeAfter).toBe(2);
      await b.heights(again, 0, 3, 4);
      await b.final(again, { order: 1 });
      await task.done;
    });

    it("waits without limit for a worker without credit, because the consumer is slow", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 30, { acknowledge: false });
      const call = await worker.task(0);
      for (let order = 0; order < 16; order += 1) await worker.heights(call, order, order + 1, order + 1);
      await task.reached(16);
      for (let second = 0; second < 90; second += 1) {
        await bench.clock.advance(1_000);
        await pongsIn();
      }
      expect(worker.tasks).toHaveLength(1);
      expect(worker.notes).toHaveLength(0);
    });

    it("retries the tasks of a killed worker on another one, and dials it again with backoff", async () => {
      const { bench, a, b } = await setUpTwo();
      const task = bench.heights(1, 4);
      const call = await a.task(0);
      await a.heights(call, 0, 1, 2);
      await task.reached(2);
      const killedAt = performance.now();
      a.stream.kill();
      const again = await b.task(0);
      expect(performance.now() - killedAt).toBeLessThan(2_000);
      expect(again.resumeAfter).toBe(2);
      await b.heights(again, 0, 3, 4);
      await b.final(again, { order: 1 });
      await task.done;
      expect(task.heights).toEqual(span(1, 4));
      expect(bench.workers.list()).toMatchObject([{ state: "CONNECTING" }, { state: "ONLINE" }]);
    });

    it("assigns no task to a draining worker, and lets it finish", async () => {
      const { bench, a, b } = await setUpTwo();
      const running = bench.heights(1, 1);
      const call = await a.task(0);
      a.pong = { features: supportedFeatures, draining: true };
      await bench.clock.advance(5_000);
      await until("DRAINING", () => bench.workers.list().some(({ state }) => state === "DRAINING"));
      const next = bench.heights(2, 2);
      const nextCall = await b.task(0);
      await a.heights(call, 0, 1, 1);
      await a.final(call, { order: 1 });
      await b.heights(nextCall, 0, 2, 2);
      await b.final(nextCall, { order: 1 });
      await Promise.all([running.done, next.done]);
      expect(a.tasks).toHaveLength(1);
    });
  });

  describe("the assignment of tasks", () => {
    it("respects the capacity of a worker, and is fair: interactive first, callers in turn", async () => {
      const bench = createManagerBench();
      closers.push(() => bench.close());
      const stream = await carrier.open();
      const worker = startScriptedWorker(stream.worker, chain);
      worker.pong = { features: supportedFeatures, capacity: 1 };
      await bench.online("w", once(stream));
      const order = ["first", "backfill", "backfill", "a", "a", "b"];
      const tasks = order.map((caller, at) =>
        bench.heights(at, at, {
          caller: caller,
          priority: caller === "backfill" ? "background" : "interactive",
        }),
      );
      for (let at = 0; at < order.length; at += 1) {
        const call = await worker.task(at);
        expect(worker.tasks).toHaveLength(at + 1);
        if (call.request.kind !== "heights") throw new Error("Heights are expected.");
        await worker.heights(call, 0, call.request.range.from, call.request.range.from);
        await worker.final(call, { order: 1 });
      }
      await Promise.all(tasks.map(({ done }) => done));
      const served = worker.tasks.map(({ request }) =>
        request.kind === "heights" ? order[request.range.from] : "",
      );
      expect(served).toEqual(["first", "a", "b", "a", "backfill", "backfill"]);
    });

    it("fails at once with NO_WORKER if no worker of the chain is known", async () => {
      const { bench } = await setUpOne();
      const chainRef = { network: "counting", chainId: "elsewhere" };
      const task = bench.run({ kind: "heights", chain: chainRef, range: { from: 1, to: 1 } });
      await expect(task.done).rejects.toMatchObject({
        code: "NO_WORKER",
        message: expect.stringContaining("counting/elsewhere") as string,
      });
    });

    it("waits for the grace period for a known worker, then fails and names the workers", async () => {
      const { bench, worker } = await setUpOne();
      worker.stream.kill();
      await until("its loss", () => bench.workers.list().every(({ state }) => state === "CONNECTING"));
      const task = bench.heights(1, 1);
      await bench.clock.advance(5_100);
      await expect(task.done).rejects.toMatchObject({
        code: "NO_WORKER",
        message: expect.stringContaining("worker-0 is being connected to") as string,
      });
    });

    it("ends with SHUTTING_DOWN when the manager closes, and new tasks are refused", async () => {
      const { bench, worker } = await setUpOne();
      const task = bench.heights(1, 1);
      await worker.task(0);
      const closed = bench.close();
      await bench.clock.advance(1);
      await closed;
      await expect(task.done).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
      await expect(bench.heights(2, 2).done).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    });
  });

  it("delivers the result of an account query once, even if the first worker dies after sending it", async () => {
    const { bench, a, b } = await setUpTwo();
    const task = bench.run({ kind: "balance", chain: countingChain, account: "alice", height: 5 });
    const balance = { kind: "balance", height: 5, balances: [] } as const;
    await a.part(await a.task(0), { order: 0, items: [balance] });
    a.stream.kill();
    const again = await b.task(0);
    await b.part(again, { order: 0, items: [balance] });
    await b.final(again, { order: 1 });
    await task.done;
    expect(task.results).toEqual([balance]);
  });
}

/** A stream is dialled once; a second dial fails. */
function once(stream: StreamPair): () => StreamPair["manager"] {
  let used = false;
  return () => {
    if (used) throw new Error("The worker is unavailable.");
    used = true;
    return stream.manager;
  };
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("The list is empty.");
  return item;
}

function idOf(frame: { readonly kind: string; readonly id: string }): string {
  return frame.id;
}

function creditOf(worker: ScriptedWorker): number {
  return worker.notes.reduce((sum, note) => sum + (note.kind === "credit" ? note.credit : 0), 0);
}

/** Waits until sent PONGs arrived. */
async function pongsIn(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function untilDropped(bench: ManagerBench, reason: string, count: number): Promise<void> {
  let seen = 0;
  void bench.dropped(reason).then((value) => (seen = value));
  await until(`${count} dropped as ${reason}`, () => {
    void bench.dropped(reason).then((value) => (seen = value));
    return seen >= count;
  });
}

async function untilInFlight(bench: ManagerBench, count: number): Promise<void> {
  await until(
    `${count} tasks in flight`,
    () => bench.workers.list().reduce((sum, { inFlight }) => sum + inFlight, 0) === count,
  );
}
