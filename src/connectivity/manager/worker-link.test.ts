// The connection to one worker: its state, its leases, and when it is dialled again.
import { expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.js";
import { createMetrics } from "../../lib/metrics.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { startScriptedWorker, type ScriptedWorker } from "../../testing/scripted-worker.js";
import { createMemoryChannels, type ManagerChannel } from "../protocol/channel.js";
import { createConnectivityMetrics } from "./metrics.js";
import { createWorkerLink } from "./worker-link.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A link whose dials the test decides. */
function setUp({ available = true }: { readonly available?: boolean } = {}) {
  const clock = createManualClock();
  const start = clock.now();
  const dials: number[] = [];
  const workers: ScriptedWorker[] = [];
  const state = { available, changes: 0, assignments: 0, hold: undefined as Promise<void> | undefined };
  const link = createWorkerLink({
    identity: { workerId: "w", chain: countingChain, version: "1", address: "worker:1" },
    clock,
    random: () => 1,
    metrics: createConnectivityMetrics(createMetrics({ processMetrics: false })),
    logger: silentLogger(),
    bytesChanged: () => undefined,
    onChange: () => (state.changes += 1),
    nextAssignment: () => (state.assignments += 1),
    async dial(): Promise<ManagerChannel> {
      dials.push(clock.now() - start);
      await state.hold;
      if (!state.available) throw new Error("The worker is unavailable.");
      const channels = createMemoryChannels();
      workers.push(startScriptedWorker(channels.worker, createCountingChain()));
      return channels.manager;
    },
  });
  const settle = async (): Promise<void> => {
    for (let at = 0; at < 5; at += 1) await turn();
  };
  return { clock, dials, workers, state, link, settle };
}

function isOpen({ channel }: ScriptedWorker): Promise<boolean> {
  const pong = { kind: "pong", id: "", features: [], draining: false } as const;
  return channel.send(pong).then(
    () => true,
    () => false,
  );
}

it("counts a lease as a task in flight until its call starts or it is released, and once only", async () => {
  const { link, settle, clock } = setUp();
  await settle();
  expect(link.status()).toMatchObject({ state: "ONLINE", inFlight: 0 });
  expect(link.status()).not.toHaveProperty("lastSent");
  expect(link.pooled().lastSelected).toBe(0);
  await clock.advance(100);
  const [first, second] = [link.pooled().lease(), link.pooled().lease()];
  expect(link.status()).toMatchObject({ inFlight: 2, lastSent: clock.now() });
  expect(link.pooled()).toMatchObject({ inFlight: 2, lastSelected: 2 });
  first.release(undefined);
  expect(link.status().inFlight).toBe(1);

  const controller = new AbortController();
  const request = { kind: "heights", chain: countingChain, range: { from: 1, to: 1 } } as const;
  second.call({ taskId: "t", request, attempt: 1, credit: 16 }, controller.signal);
  expect(link.status().inFlight).toBe(1);
  controller.abort(new Error("not needed"));
  second.release(false);
  expect(link.status()).toMatchObject({ inFlight: 0, tasksDone: 0, tasksFailed: 1 });
});

it("dials again with growing delays up to ten seconds, and from the first delay after a success", async () => {
  const { clock, dials, state, workers, settle } = setUp({ available: false });
  await clock.advance(40_000);
  expect(dials).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 25_500, 35_500]);
  state.available = true;
  await clock.advance(5_500);
  await settle();
  dials.length = 0;
  workers[0]!.channel.close();
  await settle();
  await clock.advance(500);
  expect(dials).toEqual([46_000]);
});

it("is OFFLINE after 30 s without a message, and dials at once when the worker registers again", async () => {
  const { clock, dials, state, link, workers, settle } = setUp();
  await settle();
  await clock.advance(10_000);
  state.available = false;
  workers[0]!.channel.close();
  await settle();
  expect(link.status()).toMatchObject({ state: "CONNECTING", capacity: 0 });
  const lastSeen = link.status().lastSeen;
  expect(lastSeen).toBeGreaterThanOrEqual(clock.now() - 5_000);
  await clock.advance(lastSeen + 30_000 - clock.now());
  expect(link.status().state).toBe("CONNECTING");
  await clock.advance(1);
  expect(link.status().state).toBe("OFFLINE");
  const [before, changes] = [dials.length, state.changes];
  link.renew(false);
  await settle();
  expect([dials.length - before, state.changes > changes, link.status().state]).toEqual([
    1,
    true,
    "CONNECTING",
  ]);
});

it("is DRAINING if its registration or its PONG says so, and publishes the change", async () => {
  const { link, state, settle, clock, workers } = setUp();
  await settle();
  const before = state.changes;
  link.renew(false);
  expect(state.changes).toBe(before);
  link.renew(true);
  expect([state.changes, link.status().state]).toEqual([before + 1, "DRAINING"]);
  link.renew(false);
  expect(link.status().state).toBe("ONLINE");
  workers[0]!.pong = { ...workers[0]!.pong, draining: true };
  await clock.advance(5_000);
  await settle();
  expect(link.status().state).toBe("DRAINING");
});

it("closes its stream, and a stream that opens later, and dials no more", async () => {
  const open = setUp();
  await open.settle();
  open.link.close("removed");
  await open.settle();
  expect([await isOpen(open.workers[0]!), open.link.status().state]).toEqual([false, "OFFLINE"]);
  await open.clock.advance(60_000);
  expect(open.dials).toHaveLength(1);

  const late = setUp();
  let finish = (): void => {};
  late.state.hold = new Promise((resolve) => (finish = resolve));
  await late.settle();
  late.link.close("removed");
  finish();
  await late.settle();
  if (late.workers[0] !== undefined) expect(await isOpen(late.workers[0])).toBe(false);
  expect(late.clock.sleepers).toBe(0);

  const waiting = setUp({ available: false });
  await waiting.settle();
  waiting.link.close("removed");
  await waiting.clock.advance(60_000);
  expect([waiting.dials.length, waiting.clock.sleepers]).toEqual([1, 0]);
});

it("closes the stream of a worker that is silent for 15 s", async () => {
  const { clock, workers, settle } = setUp();
  await settle();
  workers[0]!.pong = undefined;
  await clock.advance(20_000);
  await settle();
  expect(await isOpen(workers[0]!)).toBe(false);
});
