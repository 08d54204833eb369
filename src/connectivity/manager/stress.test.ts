// Many tasks over workers that are killed repeatedly: every height arrives once, complete and in order.
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.js";
import { createCountingChain } from "../../testing/counting-chain.js";
import { createManagerBench, span, type RunningTask } from "../../testing/manager-bench.js";
import { startTestWorker, type TestWorker } from "../../testing/test-worker.js";

/** A worker is killed after each of this many of the 10,000 heights. */
const heightsPerKill = 300;

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it("3 workers complete 1,000 tasks while one is killed every 300 heights", { timeout: 120_000 }, async () => {
  const bench = createManagerBench({ clock: systemClock, random: Math.random });
  closers.push(() => bench.close());
  const workers: (TestWorker | undefined)[] = [];
  const source = () => createCountingChain({ before: (height) => (height % 7 === 0 ? pause(1) : undefined) });
  const start = async (at: number, listen = "127.0.0.1:0"): Promise<void> => {
    const worker = await startTestWorker(`w${at}`, { source: source(), listen });
    workers[at] = worker;
    await bench.registry.register(worker.registration, { ip: "127.0.0.1" });
  };
  for (const at of [0, 1, 2]) await start(at);
  closers.push(() => workers.forEach((worker) => worker?.server.close()));

  const tasks: RunningTask[] = span(0, 999).map((at) =>
    bench.heights(at * 10, at * 10 + 9, {
      caller: `caller ${at % 7}`,
      priority: at % 3 === 0 ? "background" : "interactive",
    }),
  );
  const all = Promise.all(tasks.map(({ done }) => done));
  let over = false;
  void all.finally(() => (over = true)).catch(() => undefined);

  // Kills depend on progress, not on time: a slow machine does not kill more often.
  const arrived = (): number => tasks.reduce((sum, { heights }) => sum + heights.length, 0);
  let kills = 0;
  let next = heightsPerKill;
  while (!over) {
    await pause(5);
    if (arrived() < next) continue;
    next += heightsPerKill;
    const at = kills % 3;
    const worker = workers[at];
    if (worker === undefined) throw new Error(`Worker ${at} was not started.`);
    kills += 1;
    worker.server.close();
    await start(at, worker.address);
  }
  await all;

  for (const [at, task] of tasks.entries()) {
    expect(task.heights).toEqual(span(at * 10, at * 10 + 9));
    expect(task.parts.map(({ order }) => order)).toEqual(span(0, task.parts.length - 1));
  }
  expect(kills).toBeGreaterThan(20);
  expect(bench.workers.list().every(({ inFlight }) => inFlight === 0)).toBe(true);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
