import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createRateLimiter } from "./rate-limiter.js";

const never = new AbortController().signal;

describe("the rate limiter of an endpoint", () => {
  it("does not wait before the first rate limit", async () => {
    const limiter = createRateLimiter({ clock: createManualClock() });
    for (let i = 0; i < 1000; i += 1) await limiter.acquire(10, never);
    expect(limiter).toMatchObject({ rate: Infinity, delayMs: 0 });
  });

  it("never exceeds the maximum rate, including weights", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 10 });
    let done = 0;
    const all = Array.from({ length: 10 }, () => limiter.acquire(5, never).then(() => (done += 1)));
    await clock.advance(1999);
    expect(done).toBe(4);
    await clock.advance(3000);
    await Promise.all(all);
    expect(done).toBe(10);
  });

  it("cancels waiting calls without delaying later ones", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    expect(await limiter.acquire(1, never)).toBe(true);
    const turns = Array.from({ length: 9 }, () => limiter.acquire(1, never));
    await clock.advance(500);
    limiter.decreaseRate();
    limiter.cancelWaiting();
    expect(new Set(await Promise.all(turns))).toEqual(new Set([false]));
    expect(limiter.delayMs).toBe(500);
    const next = limiter.acquire(1, never);
    await clock.advance(500);
    expect(await next).toBe(true);
  });

  it("releases the capacity of an aborted call", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    await limiter.acquire(1, never);
    const abort = new AbortController();
    const turn = limiter.acquire(5, abort.signal);
    abort.abort(new Error("cancelled"));
    await expect(turn).rejects.toThrow("cancelled");
    expect(limiter.delayMs).toBe(1000);
  });

  it("halves the measured rate on a rate limit, at most once per second", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock });
    for (let i = 0; i < 40; i += 1) await limiter.acquire(1, never);
    limiter.decreaseRate();
    limiter.decreaseRate();
    expect(limiter.rate).toBe(20);
    await clock.advance(1000);
    const turn = limiter.acquire(20, never);
    await clock.advance(1000);
    await turn;
    limiter.decreaseRate();
    expect(limiter.rate).toBe(10);
  });

  it("increases slowly, within 1 and the maximum rate", () => {
    const clock = createManualClock();
    return fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("decreaseRate", "increaseRate", "acquire"), { maxLength: 200 }),
        async (steps) => {
          const limiter = createRateLimiter({ clock, maxRate: 25 });
          for (const step of steps) {
            const before = limiter.rate;
            if (step === "acquire") {
              const turn = limiter.acquire(1, never);
              await clock.advance(1000);
              await turn;
            } else limiter[step]();
            expect(limiter.rate).toBeGreaterThanOrEqual(1);
            expect(limiter.rate).toBeLessThanOrEqual(Math.min(25, Math.max(before * 1.05, before + 0.5)));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("stops waiting on abort", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    await limiter.acquire(1, never);
    const controller = new AbortController();
    const turn = limiter.acquire(1, controller.signal);
    controller.abort(new Error("gone"));
    await expect(turn).rejects.toThrow("gone");
    expect(clock.sleepers).toBe(0);
    expect(limiter.delayMs).toBe(1000);
  });

  it("returns refunded capacity to later calls", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    await limiter.acquire(1, never);
    const turn = limiter.acquire(30, never);
    await clock.advance(1000);
    await turn;
    expect(limiter.delayMs).toBe(30_000);
    limiter.refund(30);
    expect(limiter.delayMs).toBe(0);
  });

  it("saves no capacity while no call uses it", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    await clock.advance(10_000);
    await limiter.acquire(1, never);
    expect(limiter.delayMs).toBe(1000);
  });

  it("measures the higher of the current and the last second", async () => {
    const clock = createManualClock();
    const send = async (weights: readonly (readonly [atMs: number, weight: number])[]): Promise<number> => {
      const limiter = createRateLimiter({ clock });
      const start = clock.monotonic();
      for (const [atMs, weight] of weights) {
        await clock.advance(start + atMs - clock.monotonic());
        await limiter.acquire(weight, never);
      }
      limiter.decreaseRate();
      return limiter.rate;
    };
    expect(
      await send([
        [0, 40],
        [1000, 1],
      ]),
    ).toBe(20);
    expect(
      await send([
        [0, 40],
        [1000, 60],
      ]),
    ).toBe(30);
    expect(
      await send([
        [0, 30],
        [999, 30],
      ]),
    ).toBe(30);
    // Two seconds later the first requests no longer count.
    expect(
      await send([
        [0, 40],
        [1999, 8],
      ]),
    ).toBe(20);
    expect(
      await send([
        [0, 40],
        [2000, 8],
      ]),
    ).toBe(4);
  });

  it("counts a call in the second in which its wait ends", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 100 });
    await limiter.acquire(1000, never);
    const turn = limiter.acquire(50, never);
    await clock.advance(10_000);
    await turn;
    limiter.decreaseRate();
    expect(limiter.rate).toBe(25);
  });

  it("changes the rate once per second: halves, then adds 5 % or at least 0.5", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 21.5 });
    await limiter.acquire(40, never);
    limiter.decreaseRate();
    expect(limiter.rate).toBe(10.75);
    limiter.increaseRate();
    expect(limiter.rate).toBe(10.75);
    await clock.advance(999);
    limiter.increaseRate();
    expect(limiter.rate).toBe(10.75);
    await clock.advance(1);
    limiter.increaseRate();
    limiter.increaseRate();
    expect(limiter.rate).toBeCloseTo(11.2875, 9);
    const slow = createRateLimiter({ clock, maxRate: 2.2 });
    await slow.acquire(1, never);
    slow.decreaseRate();
    expect(slow.rate).toBe(1);
    const rates: number[] = [];
    for (let second = 0; second < 4; second += 1) {
      await clock.advance(1000);
      slow.increaseRate();
      rates.push(slow.rate);
    }
    expect(rates).toEqual([1.5, 2, 2.2, 2.2]);
  });

  it("never exceeds a maximum below one request per second", async () => {
    const limiter = createRateLimiter({ clock: createManualClock(), maxRate: 0.5 });
    await limiter.acquire(1, never);
    limiter.decreaseRate();
    expect(limiter.rate).toBe(0.5);
  });

  it("leaves no listener at the caller's signal after a wait", async () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ clock, maxRate: 1 });
    const { signal } = new AbortController();
    await limiter.acquire(1, signal);
    const turn = limiter.acquire(1, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await clock.advance(1000);
    await turn;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
