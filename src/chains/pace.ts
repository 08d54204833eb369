// How fast one endpoint is asked: as fast as it likes, halved when it complains, slowly up again while it does not.
// Imports only lib; never knows what is asked.
import type { Clock } from "../lib/clock.js";

export interface Pace {
  /** Requests a second at most; Infinity until the endpoint complains for the first time. */
  readonly rate: number;
  /** Milliseconds until the next request may go. */
  readonly delay: number;
  /** Waits for its turn and counts `weight` requests; false where turns were called off meanwhile, and none was taken. */
  take(weight: number, signal: AbortSignal): Promise<boolean>;
  /** Calls off the turns that are waited for: the endpoint is not to be asked now. */
  callOff(): void;
  /** A turn that was taken and not used: those who come next need not wait for it. */
  giveBack(weight: number): void;
  /** The endpoint complained: half the rate, once a second at most, since many requests in flight fail together. */
  slower(): void;
  /** The endpoint answered: 5 % more, once a second, up to the ceiling. */
  faster(): void;
}

const lowestRate = 1;
const secondMs = 1000;
/** Made once: an abort without a reason makes an error with a stack each time. */
const calledOff = new Error("The turn is not waited for any more.");

/** Creates a pace; `ceiling` is never passed. */
export function createPace({ clock, ceiling = Infinity }: { clock: Clock; ceiling?: number }): Pace {
  const waiting = new Set<AbortController>();
  let rate = ceiling;
  let nextFree = 0;
  let changedAt = -Infinity;
  let loweredAt = -Infinity;
  let second = { start: -Infinity, sent: 0, sentBefore: 0 };

  const count = (now: number, weight: number): void => {
    const age = now - second.start;
    if (age >= secondMs) {
      second = { start: now, sent: 0, sentBefore: age < 2 * secondMs ? second.sent : 0 };
    }
    second.sent += weight;
  };

  /** Whether the time passed; else the caller gave up, or turns were called off. */
  const waited = async (ms: number, signal: AbortSignal): Promise<boolean> => {
    const waiter = new AbortController();
    const giveUp = (): void => waiter.abort(calledOff);
    signal.addEventListener("abort", giveUp, { once: true });
    waiting.add(waiter);
    try {
      await clock.sleep(ms, waiter.signal);
      return true;
    } catch {
      return false;
    } finally {
      waiting.delete(waiter);
      signal.removeEventListener("abort", giveUp);
    }
  };

  return {
    get rate() {
      return rate;
    },
    get delay() {
      return Math.max(0, nextFree - clock.monotonic());
    },
    async take(weight, signal) {
      const now = clock.monotonic();
      const turn = Math.max(now, nextFree);
      const cost = (weight * secondMs) / rate;
      nextFree = turn + cost;
      if (turn > now && !(await waited(turn - now, signal))) {
        nextFree -= cost;
        signal.throwIfAborted();
        return false;
      }
      count(clock.monotonic(), weight);
      return true;
    },
    callOff() {
      for (const waiter of waiting) waiter.abort(calledOff);
    },
    giveBack(weight) {
      nextFree -= (weight * secondMs) / rate;
    },
    slower() {
      const now = clock.monotonic();
      if (now - loweredAt < secondMs) return;
      const sent = Math.max(second.sent, second.sentBefore);
      rate = Math.max(Math.min(lowestRate, ceiling), Math.min(rate, sent) / 2);
      loweredAt = changedAt = now;
    },
    faster() {
      const now = clock.monotonic();
      if (rate >= ceiling || now - changedAt < secondMs) return;
      rate = Math.min(ceiling, rate + Math.max(0.5, rate * 0.05));
      changedAt = now;
    },
  };
}
