import { expect, it } from "vitest";
import type { ScheduleDefinition } from "../domain/schedule.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createMemorySchedules } from "./memory-schedules.js";

const definition: ScheduleDefinition = {
  taskId: "a",
  chain: { network: "demo", chainId: "demo-1" },
  kind: "LASTDATA",
  intervalMs: 1_000,
  enabled: true,
};

it("gives each slot once, counts missed ones, and keeps one row (lesson 37)", async () => {
  const clock = createManualClock();
  const store = createMemorySchedules([definition, { ...definition, taskId: "b", enabled: false }], clock);
  for (let slot = 0; slot < 50; slot += 1) {
    const { leases } = await store.claimSlots("x");
    expect(leases).toMatchObject([{ remainingMs: 1_000, schedule: { taskId: "a" } }]);
    expect((await store.claimSlots("x")).leases).toEqual([]);
    await store.endSlot(leases[0]!, { outcome: { height: slot } });
    expect(await store.claimSlots("x")).toEqual({ leases: [], nextInMs: 1_000 });
    await clock.advance(1_000);
  }
  await clock.advance(2_000);
  const [lease] = (await store.claimSlots("x")).leases;
  expect(lease?.schedule).toMatchObject({ fired: 51n, missed: 2n });
  expect(await store.schedules()).toHaveLength(2);
});

it("keeps results, failures and delays, and ends completed schedules", async () => {
  const clock = createManualClock();
  const store = createMemorySchedules([definition], clock);
  const claim = async () => (await store.claimSlots("x")).leases[0];
  const first = (await claim())!;
  expect(await store.renewSlot(first, { height: 5, hash: "five" })).toBe(true);
  expect(await store.endSlot(first, { outcome: { error: "No manager." }, retryInMs: 10_000 })).toBe(true);
  expect(await store.endSlot(first, { outcome: { height: 9 } })).toBe(false);
  expect((await store.schedules())[0]?.last).toEqual({
    time: clock.now(),
    height: 5,
    hash: "five",
    retryCount: 1,
    error: "No manager.",
  });
  await clock.advance(9_999);
  expect(await claim()).toBeUndefined();
  await clock.advance(1);
  await store.endSlot((await claim())!, { outcome: { height: 6 }, completed: true });
  await clock.advance(60_000);
  expect(await store.claimSlots("x")).toEqual({ leases: [] });
  expect((await store.schedules())[0]).toMatchObject({ last: { height: 6, retryCount: 0 } });
});
