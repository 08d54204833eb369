// Schedules on a real store (PGlite in memory), with workers in this process and real time.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import type { Schedule } from "../domain/schedule.js";
import { systemClock, type Clock } from "../lib/clock.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { blockData } from "../testing/chain-data.js";
import { createCountingChain, type CountingChain, type CountingOptions } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { until } from "../testing/until.js";
import { createClient } from "./client.js";
import type { SchedulerSettings } from "./embedded-scheduler.js";
import { createRangeSlot } from "./range-slot.js";
import { startSlotRunner, type SlotRunner } from "./slot-runner.js";

let store: Store;
let chains = 0;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  store = await createStore({ logger: silentLogger() });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});
afterAll(() => store.close());

/** Schedules use the database's clock and the monotonic clock: the time of day of this machine may be anything. */
const withoutTimeOfDay: Clock = {
  ...systemClock,
  now: () => {
    throw new Error("The time of day must not matter.");
  },
};
const hour = 3_600_000;

function newChain(): ChainRef {
  chains += 1;
  return { network: "counting", chainId: `scheduler-${chains}` };
}

const scheduleOf = async (chain: ChainRef): Promise<Schedule | undefined> =>
  (await store.schedules()).find((each) => each.chain.chainId === chain.chainId);

/** A manager with its own workers, and its own name in leases. */
async function startManager(source: CountingChain, settings: Partial<SchedulerSettings> = {}) {
  const direct = createDirectWorkers([source]);
  const client = await createClient({
    store,
    pubsub: createMemoryPubSub(),
    dispatcher: direct.dispatcher,
    workers: direct.workers,
    clock: withoutTimeOfDay,
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
    normalizer: {
      normalizeHash: (_chain, hash) => hash.toLowerCase(),
      normalizeAccount: (_network, account) => account,
    },
    owner: `manager-${Math.random()}`,
    closing: new AbortController().signal,
  });
  const scheduler = client.startScheduler({
    followIntervalMs: hour,
    quarantineRetryIntervalMs: hour,
    ...settings,
  });
  const manager = {
    direct,
    scheduler,
    client,
    online: (height: number) =>
      direct.report({ chain: source.chain, head: { height, hash: `block-${height}` } }),
    stop: async () => {
      await scheduler.stop();
      await client.close();
    },
  };
  running.push(manager);
  return manager;
}

const createSource = (options: CountingOptions = {}): CountingChain =>
  createCountingChain({ chain: newChain(), transactions: () => 0, ...options });
const untilHead = (chain: ChainRef, height: number): Promise<unknown> =>
  until(`head ${height}`, async () => (await store.chain(chain))?.head?.height === height);

describe("following", () => {
  it("starts with the first worker, stores new heads at once, and stores its result within the slot", async () => {
    const source = createSource();
    const { chain } = source;
    const { online, scheduler } = await startManager(source);
    expect(scheduler.chains()).toEqual([]);
    online(3);
    await untilHead(chain, 3);
    expect(scheduler.chains()).toEqual([chain]);
    // The slot lasts an hour.
    online(4);
    await untilHead(chain, 4);
    const schedule = await until("the result", async () => {
      const found = await scheduleOf(chain);
      return found?.last?.height === 4 && found;
    });
    expect(schedule).toMatchObject({
      taskId: `follow/counting/${chain.chainId}`,
      kind: "LASTDATA",
      intervalMs: hour,
      fired: 1n,
      last: { hash: "block-4", retryCount: 0 },
    });
  });

  it("has one follower of a chain, and another manager continues at once after a stop", async () => {
    const source = createSource();
    const { chain } = source;
    const one = await startManager(source);
    one.online(2);
    await untilHead(chain, 2);
    const two = await startManager(source);
    two.online(2);
    for (const height of [3, 4, 5]) {
      for (const each of [one, two]) each.online(height);
      await untilHead(chain, height);
    }
    expect(two.direct.tasks).toEqual([]);
    await one.stop();
    two.online(6);
    await untilHead(chain, 6);
    expect(await scheduleOf(chain)).toMatchObject({ fired: 1n, missed: 0n });
  });

  it("stores failures with their count, and resets them after a success", async () => {
    let failing = true;
    const source = createSource({
      before: () => {
        if (failing) throw new Error("secret");
      },
    });
    const { online } = await startManager(source);
    online(1);
    const failed = await until("two failures", async () => {
      const last = (await scheduleOf(source.chain))?.last;
      return (last?.retryCount ?? 0) >= 2 && last;
    });
    expect(failed.error).toMatch(/internal error/);
    expect(failed.error).not.toContain("secret");
    failing = false;
    await untilHead(source.chain, 1);
    const last = await until("a success", async () => {
      const found = (await scheduleOf(source.chain))?.last;
      return found?.error === undefined && found;
    });
    expect(last).toMatchObject({ retryCount: 0, height: 1 });
  });

  it("uses the LASTDATA schedule that a user saved, also if it is disabled", async () => {
    const source = createSource();
    const { chain } = source;
    const { online, client } = await startManager(source);
    const own = { taskId: `own-${chain.chainId}`, chain, kind: "LASTDATA", intervalMs: 1_000 } as const;
    await client.saveSchedule({ ...own, enabled: false });
    online(2);
    const other = createSource();
    const second = await startManager(other);
    second.online(1);
    await untilHead(other.chain, 1);
    expect((await store.chain(chain))?.head).toBeUndefined();
    await client.saveSchedule({ ...own, enabled: true });
    await untilHead(chain, 2);
    const ids = (await store.schedules()).map(({ taskId }) => taskId);
    expect(ids).not.toContain(`follow/counting/${chain.chainId}`);
  });

  it("retries quarantined heights once in each interval over all managers", async () => {
    const source = createSource();
    const { chain } = source;
    await store.write({ chain, heights: [], quarantined: [{ height: 1, error: "unreadable" }] });
    const one = await startManager(source);
    one.online(0);
    await until("the retry", async () => (await store.quarantinedHeights(chain, -1, 5)).length === 0);
    await store.write({ chain, heights: [], quarantined: [{ height: 7, error: "unreadable" }] });
    await one.stop();
    const two = await startManager(source);
    two.online(2);
    await untilHead(chain, 2);
    two.online(3);
    await untilHead(chain, 3);
    expect(await store.quarantinedHeights(chain, -1, 5)).toEqual([7]);
  });
});

describe("slots", () => {
  it("of 1 s run once, whichever of several schedulers claims them, until they stop", async () => {
    const chain = newChain();
    const taskId = `slots-${chain.chainId}`;
    await store.saveSchedule({ taskId, chain, kind: "LASTDATA", intervalMs: 1_000, enabled: true });
    const slots: bigint[] = [];
    const start = (owner: string): SlotRunner =>
      startSlotRunner({
        store,
        owner,
        clock: withoutTimeOfDay,
        logger: silentLogger(),
        chains: async () => [chain],
        execute: async ({ schedule, over }) => {
          slots.push(schedule.slot ?? -1n);
          await new Promise((resolve) => over.addEventListener("abort", resolve));
          return { outcome: { height: slots.length } };
        },
      });
    running.push(...["a", "b", "c"].map(start));
    await until("four slots", () => slots.length >= 4);
    expect(new Set(slots).size).toBe(slots.length);
    await Promise.all(running.splice(0).map((each) => each.stop()));
    expect(await scheduleOf(chain)).toMatchObject({ fired: BigInt(slots.length), missed: 0n });
  });

  it("of a range start one run, store the height reached, and complete it", async () => {
    const chain = newChain();
    const heights = { from: 2, to: 6 };
    const taskId = `range-${chain.chainId}`;
    await store.saveSchedule({ taskId, chain, kind: "SYNCRANGE", heights, intervalMs: hour, enabled: true });
    const write = (...list: number[]) =>
      store.write({ chain, heights: list.map((height) => blockData(height, { chain })) });
    const started: unknown[] = [];
    const run = {
      id: "1",
      chain,
      heights,
      mode: "MISSING",
      status: "RUNNING",
      createdAt: 0,
      progress: {
        blocksDone: 0,
        blocksTotal: 5,
        transactionsDone: 0n,
        blocksPerSecond: 0,
        done: [],
        running: [],
      },
    } as const;
    const range = createRangeSlot({
      store: {
        unfinished: store.unfinished,
        run: async () => run,
        runErrors: async () => [],
      },
      startBackfill: async (...request) => (started.push(request), run),
      clock: withoutTimeOfDay,
    });
    running.push(
      startSlotRunner({
        store,
        owner: "range",
        clock: withoutTimeOfDay,
        logger: silentLogger(),
        chains: async () => [chain],
        execute: range,
      }),
    );
    await until("the run", () => started.length === 1);
    await write(2, 3);
    await until("height 3", async () => (await scheduleOf(chain))?.last?.height === 3);
    // A height in quarantine does not keep the schedule from its end.
    await store.write({ chain, heights: [], quarantined: [{ height: 4, error: "unreadable" }] });
    await write(5, 6);
    const completed = await until("the end", async () => {
      const found = await scheduleOf(chain);
      return found?.completedAt !== undefined && found;
    });
    expect(completed.last).toMatchObject({ height: 6, retryCount: 0 });
    expect(started).toEqual([[chain, heights]]);
  });
});
