import { expect, it } from "vitest";
import { createManualClock } from "../../testing/manual-clock.js";
import { createPings } from "./pings.js";

it("accepts each reply once, and measures the time of the last one", async () => {
  const clock = createManualClock();
  const pings = createPings(clock);
  expect(pings.lastMs).toBeUndefined();
  const [first, second] = [pings.start(), pings.start()];
  await clock.advance(12);
  expect([pings.complete(first), pings.lastMs]).toEqual([true, 12]);
  expect([pings.complete(first), pings.complete("other"), pings.lastMs]).toEqual([false, false, 12]);
  await clock.advance(8);
  expect([pings.complete(second), pings.lastMs]).toEqual([true, 20]);
});

it("keeps the last eight PINGs without a reply", () => {
  const pings = createPings(createManualClock());
  const ids = Array.from({ length: 9 }, () => pings.start());
  expect(ids.map((id) => pings.complete(id))).toEqual([false, ...Array.from({ length: 8 }, () => true)]);
});
