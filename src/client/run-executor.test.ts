// Runs on a real store, executed by several managers with workers in this process.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { hasEnded, type Run } from "../domain/run.js";
import { systemClock } from "../lib/clock.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics } from "../lib/metrics.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { openDatabase } from "../store/open-database.js";
import { storeOver } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import type { Database } from "../store/sql.js";
import { createCountingChain, type CountingChain } from "../testing/counting-chain.js";
import { createDirectWorkers } from "../testing/direct-workers.js";
import { until } from "../testing/until.js";
import { executeChunk } from "./chunk.js";
import { createClient } from "./client.js";
import type { RunExecutor } from "./run-executor.js";

let store: Store;
let database: Database;
let chains = 0;
const pubsub = createMemoryPubSub();
beforeAll(async () => {
  database = await openDatabase({ logger: silentLogger() });
  store = await storeOver(database, { logger: silentLogger() });
});
afterAll(() => store.close());

function newSource(
  before: (height: number, signal: AbortSignal) => Promise<void> | void = () => {},
): CountingChain {
  chains += 1;
  return createCountingChain({ chain: { network: "counting", chainId: `executor-${chains}` }, before });
}

/** A manager of its own over the shared database. */
async function createManager(source: CountingChain, owner = "manager") {
  const direct = createDirectWorkers([source]);
  const client = await createClient({
    store,
    pubsub,
    dispatcher: direct.dispatcher,
    workers: direct.workers,
    clock: systemClock,
    logger: silentLogger(),
    metrics: createMetrics({ processMetrics: false }),
    normalizer: { normalizeHash: (_chain, hash) => hash, normalizeAccount: (_network, account) => account },
    owner,
    closing: new AbortController().signal,
  });
  direct.report({ chain: source.chain });
  let executor: RunExecutor | undefined;
  return {
    client,
    direct,
    start: (): RunExecutor => (executor = client.executeRuns()),
    stop: async (): Promise<void> => {
      await executor?.stop();
      await client.close();
    },
  };
}

/** Never resolves; rejects when the signal aborts. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("Aborted."))));
}

const newRun = (source: CountingChain, from: number, to: number, window = 10) =>
  ({ chain: source.chain, heights: { from, to }, mode: "MISSING", window, force: false }) as const;

async function ended(id: string): Promise<Run> {
  let run: Run | null = null;
  await until(`the end of run ${id}`, async () => {
    run = await store.run(id);
    return run !== null && hasEnded(run.status);
  });
  return run as unknown as Run;
}

describe("the execution of runs", () => {
  it("stores a whole run, shared by several managers, each height once", async () => {
    const source = newSource();
    const managers = await Promise.all([1, 2, 3].map((at) => createManager(source, `manager-${at}`)));
    for (const { start } of managers) start();
    const { run } = await managers[0]!.client.startRun(newRun(source, 1, 200));
    expect(await ended(run.id)).toMatchObject({
      status: "SUCCEEDED",
      progress: { blocksDone: 200, blocksTotal: 200, transactionsDone: 300n, done: [{ from: 1, to: 200 }] },
    });
    expect(await store.verifyCoverage(source.chain, { from: 1, to: 200 })).toMatchObject({ complete: true });
    expect(source.reads.length).toBe(200);
    expect(managers.filter(({ direct }) => direct.tasks.length > 0).length).toBeGreaterThan(1);
    expect(managers[0]!.direct.tasks[0]?.options).toMatchObject({
      priority: "background",
      caller: `run ${run.id}`,
    });
    await Promise.all(managers.map(({ stop }) => stop()));
  });

  it("reports a run to its watchers at once, while it changes, and at its end", async () => {
    const source = newSource();
    const { client, start, stop } = await createManager(source);
    const { run } = await client.startRun(newRun(source, 1, 100));
    const states: Run[] = [];
    const watching = (async () => {
      for await (const state of client.watchRun(run.id, new AbortController().signal)) states.push(state);
    })();
    await until("the first state", () => states.length === 1);
    expect(states[0]).toMatchObject({ status: "QUEUED" });
    start();
    await watching;
    expect(states.at(-1)).toMatchObject({ status: "SUCCEEDED", progress: { blocksDone: 100 } });
    expect(states.filter(({ status }) => hasEnded(status))).toHaveLength(1);
    await expect(
      client.watchRun("999999", new AbortController().signal)[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    await stop();
  });

  it("cancels the work of a cancelled run within two seconds", async () => {
    const hanging = (height: number, signal: AbortSignal): Promise<void> | void => {
      if (height > 20) return hang(signal);
    };
    const source = newSource(hanging);
    const { client, direct, start, stop } = await createManager(source);
    const executor = start();
    const { run } = await client.startRun(newRun(source, 1, 100));
    await until("hanging tasks", () => direct.inFlight === 2 && source.reads.length === 20);
    const startedAt = performance.now();
    expect(await client.cancelRun(run.id)).toMatchObject({ status: "CANCELLED" });
    await until("the end of the tasks", () => direct.inFlight === 0 && executor.active === 0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await store.run(run.id)).toMatchObject({
      status: "CANCELLED",
      progress: { done: [{ from: 1, to: 20 }] },
    });
    await expect(client.cancelRun("999999")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await stop();
  });

  it("gives its chunks back when it stops, and another manager continues at once", async () => {
    let isHanging = true;
    const source = newSource((height, signal) => {
      if (height <= 5 || !isHanging) return;
      return hang(signal);
    });
    const [first, second] = [await createManager(source, "first"), await createManager(source, "second")];
    first.start();
    const { run } = await first.client.startRun(newRun(source, 1, 10));
    await until("the first heights", async () => (await store.run(run.id))?.progress.blocksDone === 5);
    await first.stop();
    isHanging = false;
    second.start();
    expect(await ended(run.id)).toMatchObject({ status: "SUCCEEDED" });
    expect(source.reads).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await second.stop();
  });

  it("continues the chunk of a manager that disappeared, after its lease", async () => {
    const source = newSource();
    const { run } = await store.startRun(newRun(source, 1, 10));
    await store.claimChunks("dead", { chain: source.chain, limit: 1 });
    await database.query({ text: "update run_chunk set lease_until = clock_timestamp() + interval '1 s'" });
    const { start, stop } = await createManager(source);
    start();
    expect(await ended(run.id)).toMatchObject({ status: "SUCCEEDED" });
    await stop();
  });

  it("retries a failed chunk after its delay, while the other chunks go on", async () => {
    let isDown = true;
    const source = newSource((height) => {
      if (height === 3 && isDown) throw new IndexerError("CHAIN_UNAVAILABLE", "The node is down.");
    });
    const { client, start, stop } = await createManager(source);
    start();
    const { run } = await client.startRun(newRun(source, 1, 60));
    await until("the other chunks", async () => (await store.run(run.id))?.progress.blocksDone === 52);
    expect(await store.run(run.id)).toMatchObject({ status: "RUNNING" });
    expect(await client.runErrors(run.id, 5)).toEqual([
      { code: "CHAIN_UNAVAILABLE", message: "The node is down.", retryable: true },
    ]);
    isDown = false;
    expect(await ended(run.id)).toMatchObject({ status: "SUCCEEDED", progress: { blocksDone: 60 } });
    await stop();
  });

  it("fails a run with a height that no node has, and stores all others", async () => {
    const source = newSource((height) => {
      if (height === 15) throw new IndexerError("NOT_FOUND", "The node is pruned.", { height });
    });
    const { client, start, stop } = await createManager(source);
    start();
    const { run } = await client.startRun(newRun(source, 1, 40));
    expect(await ended(run.id)).toMatchObject({ status: "FAILED", progress: { blocksDone: 34 } });
    expect(await client.runErrors(run.id, 5)).toEqual([
      { code: "NOT_FOUND", message: "The node is pruned.", retryable: false, height: 15 },
    ]);
    await stop();
  });

  it("quarantines a height that kills its workers, and the run succeeds", async () => {
    const source = newSource((height) => {
      if (height === 15) throw new IndexerError("WORKER_FAILED", "The worker died.");
    });
    const { client, start, stop } = await createManager(source);
    start();
    const { run } = await client.startRun(newRun(source, 1, 40));
    expect(await ended(run.id)).toMatchObject({ status: "SUCCEEDED", progress: { blocksDone: 40 } });
    expect(await store.quarantinedHeights(source.chain, -1, 10)).toEqual([15]);
    expect(await store.indexed(source.chain)).toEqual([
      { from: 1, to: 14 },
      { from: 16, to: 40 },
    ]);
    await stop();
  });

  it("waits, without failing a chunk, while no worker is online", async () => {
    const source = newSource();
    const { client, direct, start, stop } = await createManager(source);
    direct.report({ chain: source.chain, state: "OFFLINE" });
    start();
    const { run } = await client.startRun(newRun(source, 1, 10));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await store.run(run.id)).toMatchObject({ status: "QUEUED" });
    direct.report({ chain: source.chain });
    expect(await ended(run.id)).toMatchObject({ status: "SUCCEEDED" });
    await stop();
  });

  it("keeps the size of the next chunks after one that others stored", async () => {
    const source = newSource();
    const { run } = await store.startRun(newRun(source, 1, 60));
    await store.claimChunks("dead", { chain: source.chain, limit: 1 });
    const heights = Array.from({ length: 10 }, (_, at) => at + 1);
    await store.write({
      chain: source.chain,
      heights: heights.map((height) => ({
        block: source.block(height),
        transactions: Array.from({ length: height % 4 }, (_, index) => source.transaction(height, index)),
      })),
    });
    await database.query({ text: "update run_chunk set lease_until = clock_timestamp() - interval '1 s'" });
    const ends: unknown[] = [];
    const [chunk] = await store.claimChunks("alive", { chain: source.chain, limit: 1 });
    expect(chunk).toMatchObject({ attempts: 2, heights: [] });
    await executeChunk(
      {
        store: { endChunk: async (_lease, end) => void ends.push(end) },
        storeHeights: async () => {},
        clock: systemClock,
        logger: silentLogger(),
      },
      chunk!,
      { lost: new AbortController().signal, stopping: new AbortController().signal },
    );
    expect(ends).toEqual([{ kind: "done" }]);
    await store.cancelRun(run.id);
  });

  it("rejects a window outside of its limits", async () => {
    const source = newSource();
    const { client, stop } = await createManager(source);
    for (const window of [0, 100_001, -1]) {
      await expect(client.startRun(newRun(source, 1, 10, window))).rejects.toMatchObject({
        code: "BAD_USER_INPUT",
        facts: { argument: "window", limit: 100_000, actual: window },
      });
    }
    await stop();
  });
});
