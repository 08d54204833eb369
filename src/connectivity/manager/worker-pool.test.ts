// The pool over a directory that the test controls: who gets a worker, who waits, and when a wait ends.
import { expect, it } from "vitest";
import type { ChainRef } from "../../domain/chain.js";
import { countingChain } from "../../testing/counting-chain.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { createWorkerPool, type Lease, type LeaseRequest, type PooledWorker } from "./worker-pool.js";

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface TestWorker {
  state: PooledWorker["state"];
  capacity: number;
  inFlight: number;
}

function setUp(initial: Readonly<Record<string, Partial<TestWorker>>> = {}) {
  const clock = createManualClock();
  const workers = new Map<string, TestWorker>();
  const listeners = new Set<(chain: ChainRef) => void>();
  const set = (workerId: string, fields: Partial<TestWorker>): void => {
    const before = workers.get(workerId) ?? { state: "ONLINE", capacity: 1, inFlight: 0 };
    workers.set(workerId, { ...before, ...fields });
  };
  for (const [workerId, fields] of Object.entries(initial)) set(workerId, fields);
  const publish = async (chain = countingChain): Promise<void> => {
    for (const listener of listeners) listener(chain);
    await turn();
  };
  const pool = createWorkerPool(
    {
      workersOf: (chain) =>
        chain.chainId !== countingChain.chainId
          ? []
          : [...workers].map(([workerId, fields]) => ({
              workerId,
              lastSelected: 0,
              ...fields,
              lease: (): Lease => {
                set(workerId, { inFlight: (workers.get(workerId)?.inFlight ?? 0) + 1 });
                return {
                  workerId,
                  call: () => {
                    throw new Error("This test calls no worker.");
                  },
                  release: () => undefined,
                };
              },
            })),
      onPoolChange: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    clock,
  );
  const ended: string[] = [];
  /** Requests a worker, and records the end of the wait under a name. */
  const acquire = (name: string, fields: Partial<LeaseRequest> = {}, signal = never): void => {
    const request: LeaseRequest = {
      chain: countingChain,
      priority: "interactive",
      caller: "test",
      preference: { avoid: new Set() },
      isRetry: false,
      ...fields,
    };
    pool.acquire(request, signal).then(
      ({ workerId }) => ended.push(`${name} ${workerId}`),
      (error: Error & { code?: string }) => ended.push(`${name} ${error.code ?? error.message}`),
    );
  };
  return {
    clock,
    pool,
    set,
    remove: (workerId: string) => workers.delete(workerId),
    publish,
    acquire,
    ended,
    listeners,
  };
}

it("assigns as many requests as there is capacity, in order, and the next when a worker is free", async () => {
  const { pool, acquire, ended, set, publish } = setUp({ a: { capacity: 2 } });
  for (const name of ["1", "2", "3", "4"]) acquire(name);
  expect(pool.queued).toBe(4);
  await turn();
  expect([ended, pool.queued]).toEqual([["1 a", "2 a"], 2]);
  set("a", { inFlight: 1 });
  await publish();
  expect([ended, pool.queued]).toEqual([["1 a", "2 a", "3 a"], 1]);
  set("a", { inFlight: 0 });
  await publish({ ...countingChain, chainId: "other" });
  expect(pool.queued).toBe(1);
  await publish();
  expect(ended.at(-1)).toBe("4 a");
  expect(pool.queued).toBe(0);
});

it("assigns all waiting requests that a change allows, also to several workers", async () => {
  const { acquire, ended, set, publish } = setUp({ a: { inFlight: 1 } });
  for (const name of ["1", "2", "3"]) acquire(name);
  await turn();
  expect(ended).toEqual([]);
  set("a", { inFlight: 0 });
  set("b", { capacity: 2 });
  await publish();
  expect(ended.toSorted()).toEqual(["1 a", "2 b", "3 b"]);
});

it("puts a retry before its caller's other requests", async () => {
  const { acquire, ended, set, publish } = setUp({ a: { inFlight: 1 } });
  acquire("first");
  acquire("second");
  acquire("again", { isRetry: true });
  await turn();
  for (let round = 0; round < 3; round += 1) {
    set("a", { inFlight: 0 });
    await publish();
  }
  expect(ended).toEqual(["again a", "first a", "second a"]);
});

it("passes over a request that waits for another worker", async () => {
  const { acquire, ended } = setUp({ a: {}, b: { inFlight: 1 } });
  acquire("picky", { preference: { avoid: new Set(["a"]) } });
  acquire("other");
  await turn();
  expect(ended).toEqual(["other a"]);
});

it("fails at once if the chain has no known worker, also when the last one is removed", async () => {
  const { acquire, ended, remove, publish, clock, pool } = setUp({ a: { state: "OFFLINE" } });
  acquire("unknown chain", { chain: { network: "counting", chainId: "elsewhere" } });
  acquire("waits");
  await turn();
  expect(ended).toEqual(["unknown chain NO_WORKER"]);
  remove("a");
  await publish();
  expect(ended.at(-1)).toBe("waits NO_WORKER");
  expect([clock.sleepers, pool.queued]).toEqual([0, 0]);
});

it("fails after five seconds without an online worker, counted from the start of the wait", async () => {
  const { acquire, ended, publish, clock, pool } = setUp({ a: { state: "CONNECTING" } });
  acquire("first");
  await turn();
  for (let second = 0; second < 4; second += 1) {
    await clock.advance(1_000);
    await publish();
  }
  expect(clock.sleepers).toBe(1);
  acquire("second");
  await clock.advance(999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect([ended, pool.queued]).toEqual([["first NO_WORKER"], 1]);
  await clock.advance(4_000);
  expect(ended).toEqual(["first NO_WORKER", "second NO_WORKER"]);
  expect([clock.sleepers, pool.queued]).toEqual([0, 0]);
});

it("waits without a limit while a worker is online, and counts anew when it is lost", async () => {
  const { acquire, ended, set, publish, clock } = setUp({ a: { state: "CONNECTING" } });
  acquire("1");
  await turn();
  await clock.advance(4_000);
  set("a", { state: "ONLINE", inFlight: 1 });
  await publish();
  expect(clock.sleepers).toBe(0);
  await clock.advance(60_000);
  expect(ended).toEqual([]);
  set("a", { state: "CONNECTING" });
  await publish();
  await clock.advance(4_999);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended).toEqual(["1 NO_WORKER"]);
});

it("ends a wait at once when its signal aborts, without its place in the queue and its timer", async () => {
  const { acquire, ended, set, publish, clock, pool } = setUp({ a: { state: "CONNECTING" } });
  const controller = new AbortController();
  acquire("aborted", {}, controller.signal);
  acquire("kept");
  await turn();
  expect(clock.sleepers).toBe(2);
  controller.abort(new Error("not needed"));
  await turn();
  expect([ended, pool.queued, clock.sleepers]).toEqual([["aborted not needed"], 1, 1]);
  acquire("late", {}, AbortSignal.abort(new Error("too late")));
  await turn();
  expect(ended.at(-1)).toBe("late too late");
  set("a", { state: "ONLINE" });
  await publish();
  expect([ended.at(-1), clock.sleepers]).toEqual(["kept a", 0]);
});

it("removes its abort listener when a worker is assigned", async () => {
  const { acquire, ended } = setUp({ a: {} });
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => (listeners.add(given[1]), add(...given));
  signal.removeEventListener = (...given: Parameters<typeof remove>) => (
    listeners.delete(given[1]),
    remove(...given)
  );
  acquire("1", {}, signal);
  expect(listeners.size).toBe(1);
  await turn();
  expect([ended, listeners.size]).toEqual([["1 a"], 0]);
});

it("listens to no change after it closes", () => {
  const { pool, listeners } = setUp({ a: {} });
  expect(listeners.size).toBe(1);
  pool.close();
  expect(listeners.size).toBe(0);
});
