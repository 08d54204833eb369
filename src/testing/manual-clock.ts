// Clocks for tests: one that a test advances, and one that runs faster than the real one.
import { systemClock, type Clock } from "../lib/clock.js";

/** A clock that a test advances. */
export interface ManualClock extends Clock {
  /** The number of pending sleeps. */
  readonly sleepers: number;
  /** Advances the time. Ends each sleep at its own time, in order, and runs pending promises in between. */
  advance(ms: number): Promise<void>;
  /** Advances the time in one step: shorter sleeps end late, as they do after a suspend of the process. */
  jump(ms: number): Promise<void>;
}

/** Creates a clock that starts at `start` milliseconds since 1970. */
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

/** Creates a clock that runs `times` as fast as the real one, to shorten long waits. */
export function createFastClock(times: number): Clock {
  const start = systemClock.now();
  return {
    now: () => start + (systemClock.now() - start) * times,
    monotonic: () => systemClock.monotonic() * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}

/** Runs pending promises and immediates. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
