// Clocks for tests: one that stands still until it is moved, and one that runs faster than the real one.
import { systemClock, type Clock } from "../lib/clock.js";

export interface ManualClock extends Clock {
  /** How many wait on this clock. */
  readonly sleepers: number;
  /** Moves the time on, waking each sleeper at its own moment, in order; what they start is let run in between. */
  advance(ms: number): Promise<void>;
  /** Moves the time on at once: who slept less wakes late, as after a process stood still. */
  jump(ms: number): Promise<void>;
}

/** Creates a clock that shows `start` milliseconds since 1970. */
export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let elapsed = 0;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    get sleepers() {
      return sleepers.length;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          sleepers = sleepers.filter((each) => each !== sleeper);
          reject(signal?.reason instanceof Error ? signal.reason : new Error("Aborted."));
        };
        const sleeper = {
          at: elapsed + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener("abort", stop);
            resolve();
          },
        };
        if (signal?.aborted === true) return stop();
        signal?.addEventListener("abort", stop, { once: true });
        sleepers.push(sleeper);
      }),
    async jump(ms) {
      elapsed += ms;
      const late = sleepers.filter(({ at }) => at <= elapsed);
      sleepers = sleepers.filter(({ at }) => at > elapsed);
      for (const { wake } of late.sort((a, b) => a.at - b.at)) wake();
      await settle();
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (;;) {
        const next = sleepers
          .filter(({ at }) => at <= end)
          .reduce<(typeof sleepers)[number] | undefined>(
            (first, each) => (first === undefined || each.at < first.at ? each : first),
            undefined,
          );
        if (next === undefined) break;
        elapsed = Math.max(elapsed, next.at);
        sleepers = sleepers.filter((each) => each !== next);
        next.wake();
        await settle();
      }
      elapsed = end;
    },
  };
}

/** The real time, `times` as fast: waits of seconds in real code take a fraction of them. */
export function createFastClock(times: number): Clock {
  const start = systemClock.now();
  return {
    now: () => start + (systemClock.now() - start) * times,
    monotonic: () => systemClock.monotonic() * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}

/** Lets everything that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
