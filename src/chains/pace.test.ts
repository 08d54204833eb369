import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createPace } from "./pace.js";

const never = new AbortController().signal;

describe("the pace of an endpoint", () => {
  it("does not wait before the first complaint", async () => {
    const pace = createPace({ clock: createManualClock() });
    for (let i = 0; i < 1000; i += 1) await pace.take(10, never);
    expect(pace).toMatchObject({ rate: Infinity, delay: 0 });
  });

  it("keeps to the ceiling, weights counted", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock, ceiling: 10 });
    let done = 0;
    const all = Array.from({ length: 10 }, () => pace.take(5, never).then(() => (done += 1)));
    await clock.advance(1999);
    expect(done).toBe(4);
    await clock.advance(3000);
    await Promise.all(all);
    expect(done).toBe(10);
  });

  it("calls off the turns that are waited for, and the next ones are not later for it", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock, ceiling: 1 });
    expect(await pace.take(1, never)).toBe(true);
    const turns = Array.from({ length: 9 }, () => pace.take(1, never));
    await clock.advance(500);
    pace.slower();
    pace.callOff();
    expect(new Set(await Promise.all(turns))).toEqual(new Set([false]));
    expect(pace.delay).toBe(500);
    const next = pace.take(1, never);
    await clock.advance(500);
    expect(await next).toBe(true);
  });

  it("does not keep the turn of one who gave up", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock, ceiling: 1 });
    await pace.take(1, never);
    const abort = new AbortController();
    const turn = pace.take(5, abort.signal);
    abort.abort(new Error("given up"));
    await expect(turn).rejects.toThrow("given up");
    expect(pace.delay).toBe(1000);
  });

  it("halves what was really asked when the endpoint complains, once a second at most", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock });
    for (let i = 0; i < 40; i += 1) await pace.take(1, never);
    pace.slower();
    pace.slower();
    expect(pace.rate).toBe(20);
    await clock.advance(1000);
    const turn = pace.take(20, never);
    await clock.advance(1000);
    await turn;
    pace.slower();
    expect(pace.rate).toBe(10);
  });

  it("comes up slowly and never passes the ceiling or falls to nothing", () => {
    const clock = createManualClock();
    return fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("slower", "faster", "take"), { maxLength: 200 }),
        async (steps) => {
          const pace = createPace({ clock, ceiling: 25 });
          for (const step of steps) {
            const before = pace.rate;
            if (step === "take") {
              const turn = pace.take(1, never);
              await clock.advance(1000);
              await turn;
            } else pace[step]();
            expect(pace.rate).toBeGreaterThanOrEqual(1);
            expect(pace.rate).toBeLessThanOrEqual(Math.min(25, Math.max(before * 1.05, before + 0.5)));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("stops waiting when aborted", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock, ceiling: 1 });
    await pace.take(1, never);
    const controller = new AbortController();
    const turn = pace.take(1, controller.signal);
    controller.abort(new Error("gone"));
    await expect(turn).rejects.toThrow("gone");
    expect(clock.sleepers).toBe(0);
    expect(pace.delay).toBe(1000);
  });

  it("lets nobody wait for turns that were not used", async () => {
    const clock = createManualClock();
    const pace = createPace({ clock, ceiling: 1 });
    await pace.take(1, never);
    const turn = pace.take(30, never);
    await clock.advance(1000);
    await turn;
    expect(pace.delay).toBe(30_000);
    pace.giveBack(30);
    expect(pace.delay).toBe(0);
  });
});
