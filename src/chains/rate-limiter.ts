// Adaptive rate limit of one endpoint: unlimited at first, halved at each rate limit, then increased by 5 % per second.
// Imports only lib.
// Never knows the content of a request.
import type { Clock } from "../lib/clock.js";

/** Limits the rate of requests to one endpoint. */
export interface RateLimiter {
  /** Maximum requests per second; Infinity until the first rate limit if no maximum is configured. */
  readonly rate: number;
  /** Milliseconds until the next request may start. */
  readonly delayMs: number;
  /** Waits for capacity and counts `weight` requests; returns false, without counting, if `cancelWaiting` was called meanwhile. */
  acquire(weight: number, signal: AbortSignal): Promise<boolean>;
  /** Cancels all waiting calls of `acquire`: the endpoint cools down. */
  cancelWaiting(): void;
  /** Returns capacity that was acquired and not used. */
  refund(weight: number): void;
  /** Halves the rate after a rate limit, at most once per second, since many requests in flight fail together. */
  decreaseRate(): void;
  /** Increases the rate by 5 % after a response, at most once per second, up to the maximum. */
  increaseRate(): void;
}

const minRate = 1;
const secondMs = 1000;
/** Created once: an abort without a reason creates an error with a stack each time. */
const cancelled = new Error("The wait for capacity was cancelled.");

/** Creates a rate limiter; the rate never exceeds `maxRate` requests per second. */
export function createRateLimiter({
  clock,
  maxRate = Infinity,
}: {
  clock: Clock;
  maxRate?: number;
}): RateLimiter {
  const waiting = new Set<AbortController>();
  let rate = maxRate;
  let nextFree = 0;
  let changedAt = -Infinity;
  let decreasedAt = -Infinity;
  let second = { start: -Infinity, sent: 0, sentBefore: 0 };

  const recordSent = (now: number, weight: number): void => {
    const age = now - second.start;
    if (age >= secondMs) {
      second = { start: now, sent: 0, sentBefore: age < 2 * secondMs ? second.sent : 0 };
    }
    second.sent += weight;
  };

  /** Returns whether the time passed; false if the caller aborted or the wait was cancelled. */
  const waitTurn = async (ms: number, signal: AbortSignal): Promise<boolean> => {
    const waiter = new AbortController();
    const cancel = (): void => waiter.abort(cancelled);
    signal.addEventListener("abort", cancel, { once: true });
    waiting.add(waiter);
    try {
      await clock.sleep(ms, waiter.signal);
      return true;
    } catch {
      return false;
    } finally {
      waiting.delete(waiter);
      signal.removeEventListener("abort", cancel);
    }
  };

  return {
    get rate() {
      return rate;
    },
    get delayMs() {
      return Math.max(0, nextFree - clock.monotonic());
    },
    async acquire(weight, signal) {
      const now = clock.monotonic();
      const turn = Math.max(now, nextFree);
      const cost = (weight * secondMs) / rate;
      nextFree = turn + cost;
      if (turn > now && !(await waitTurn(turn - now, signal))) {
        nextFree -= cost;
        signal.throwIfAborted();
        return false;
      }
      recordSent(clock.monotonic(), weight);
      return true;
    },
    cancelWaiting() {
      for (const waiter of waiting) waiter.abort(cancelled);
    },
    refund(weight) {
      nextFree -= (weight * secondMs) / rate;
    },
    decreaseRate() {
      const now = clock.monotonic();
      if (now - decreasedAt < secondMs) return;
      const sent = Math.max(second.sent, second.sentBefore);
      rate = Math.max(Math.min(minRate, maxRate), Math.min(rate, sent) / 2);
      decreasedAt = changedAt = now;
    },
    increaseRate() {
      const now = clock.monotonic();
      if (rate >= maxRate || now - changedAt < secondMs) return;
      rate = Math.min(maxRate, rate + Math.max(0.5, rate * 0.05));
      changedAt = now;
    },
  };
}
