import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.js";

describe("the system clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("reports the time of the system", () => {
    vi.setSystemTime(1_700_000_000_123);
    expect(systemClock.now()).toBe(1_700_000_000_123);
    const before = systemClock.monotonic();
    vi.advanceTimersByTime(50);
    expect(systemClock.monotonic() - before).toBeCloseTo(50);
  });

  it("sleeps for the given time", async () => {
    let done = false;
    const sleep = systemClock.sleep(100).then(() => (done = true));
    await vi.advanceTimersByTimeAsync(99);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toBe(true);
    await sleep;
  });

  it("rejects with the signal's reason when it aborts, and stops its timer", async () => {
    const controller = new AbortController();
    const sleep = systemClock.sleep(100, controller.signal);
    const reason = new Error("left");
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects at once if the signal is aborted, without a timer", async () => {
    const reason = new Error("left");
    await expect(systemClock.sleep(100, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects with an Error if the signal's reason is another value", async () => {
    await expect(systemClock.sleep(100, AbortSignal.abort("left"))).rejects.toThrow("Aborted.");
  });

  it("removes its abort listener after the sleep", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const sleep = systemClock.sleep(100, signal);
    await vi.advanceTimersByTimeAsync(100);
    await sleep;
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove.mock.calls).toEqual([["abort", add.mock.calls[0]![1]]]);
  });
});
