// The time limit of one attempt: what it ends, and that it leaves nothing behind.
import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { runWithTimeout } from "./timeout.js";

it("an attempt is aborted after its result, and leaves no timer and no listener", async () => {
  const clock = createManualClock();
  const { signal } = new AbortController();
  let inner: AbortSignal | undefined;
  const run = (each: AbortSignal): Promise<string> => {
    inner = each;
    expect(each.aborted).toBe(false);
    return Promise.resolve("done");
  };
  expect(await runWithTimeout(run, { signal, timeoutMs: 100, clock })).toBe("done");
  expect(inner?.aborted).toBe(true);
  expect(clock.sleepers).toBe(0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("an attempt fails and is aborted at its time limit, even if it ignores its signal", async () => {
  const clock = createManualClock();
  const { signal } = new AbortController();
  let inner: AbortSignal | undefined;
  const attempt = runWithTimeout((each) => new Promise(() => (inner = each)), {
    signal,
    timeoutMs: 100,
    clock,
  });
  const outcome = expect(attempt).rejects.toMatchObject({
    fault: "timeout",
    message: "it did not respond within 100 ms",
  });
  await clock.advance(99);
  expect(inner?.aborted).toBe(false);
  await clock.advance(1);
  await outcome;
  expect(inner?.aborted).toBe(true);
});

it("an attempt does not start after an abort, and ends by one with its reason", async () => {
  const clock = createManualClock();
  const abort = new AbortController();
  const options = { signal: abort.signal, timeoutMs: 100, clock };
  const attempt = runWithTimeout(() => new Promise(() => undefined), options);
  abort.abort("a text");
  await expect(attempt).rejects.toThrow("a text");
  let starts = 0;
  const late = runWithTimeout(() => Promise.resolve((starts += 1)), options);
  await expect(late).rejects.toBe("a text");
  expect(starts).toBe(0);
});
