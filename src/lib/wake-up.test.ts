import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createWakeUp, waitAtMost } from "./wake-up.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Starts an action and reports whether it has finished. */
function started(action: Promise<void>): { readonly finished: boolean } {
  const state = { finished: false };
  void action.then(() => (state.finished = true));
  return state;
}

describe("a wake-up", () => {
  it("resolves a wait after a notification, not before", async () => {
    const wakeUp = createWakeUp();
    const wait = started(wakeUp.wait());
    await turn();
    expect(wait.finished).toBe(false);
    wakeUp.notify();
    await turn();
    expect(wait.finished).toBe(true);
  });

  it("merges notifications before a wait into one", async () => {
    const wakeUp = createWakeUp();
    wakeUp.notify();
    wakeUp.notify();
    await wakeUp.wait();
    const second = started(wakeUp.wait());
    await turn();
    expect(second.finished).toBe(false);
    wakeUp.notify();
    await turn();
    expect(second.finished).toBe(true);
  });

  it("resolves when the signal aborts, before and during the wait", async () => {
    const wakeUp = createWakeUp();
    await wakeUp.wait(AbortSignal.abort());
    const controller = new AbortController();
    const wait = started(wakeUp.wait(controller.signal));
    controller.abort();
    await turn();
    expect(wait.finished).toBe(true);
  });

  it("removes its abort listener after each wait", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args));
    const wakeUp = createWakeUp();
    for (let round = 0; round < 3; round += 1) {
      const wait = wakeUp.wait(signal);
      expect(listeners).toBe(1);
      wakeUp.notify();
      await wait;
      expect(listeners).toBe(0);
    }
  });
});

describe("waitAtMost", () => {
  it("resolves after the time, and leaves no timer behind after a notification", async () => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    const wakeUp = createWakeUp();
    const timed = started(waitAtMost(wakeUp, { clock, ms: 100, signal }));
    await clock.advance(99);
    expect(timed.finished).toBe(false);
    await clock.advance(1);
    expect(timed.finished).toBe(true);

    const notified = waitAtMost(wakeUp, { clock, ms: 100, signal });
    wakeUp.notify();
    await notified;
    expect(clock.sleepers).toBe(0);
  });

  it("resolves when the signal aborts", async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const wait = waitAtMost(createWakeUp(), { clock, ms: 100, signal: controller.signal });
    controller.abort();
    await wait;
    expect(clock.sleepers).toBe(0);
  });
});
