// Settings and start-up behaviour that networks with remote nodes share.
// Imports only domain, lib and this folder.
// Never names a network.
import { TaskFailure } from "../domain/task.js";
import { systemClock, type Clock } from "../lib/clock.js";
import { errorMessage } from "../lib/error-message.js";
import { nonNegativeNumber, duration, anyText } from "../lib/setting-types.js";
import type { Settings } from "../lib/config.js";
import { backoffDelay } from "../lib/retry.js";
import type { OpenDeps } from "./adapter.js";

/** Settings of every network whose chain is read from endpoints; spread them after the endpoints' own settings. */
export const nodeSettings = {
  chainId: {
    name: "CHAIN_ID",
    schema: anyText,
    description:
      "Chain id that the endpoints must serve; without it, the id that the first endpoint reports.",
  },
  requestsPerSecond: {
    name: "REQUESTS_PER_SECOND",
    schema: nonNegativeNumber,
    description:
      "Maximum requests per second to each endpoint; without it, the worker adapts to rate limits.",
  },
  requestTimeout: {
    name: "REQUEST_TIMEOUT",
    schema: duration(100),
    fallback: "10s",
    description: "Time limit of one request to an endpoint.",
  },
} as const satisfies Settings;

/** Milliseconds between attempts to reach a first node. */
const identifyBackoff = { first: 500, max: 10_000 };
/** A first attempt without a result is reported after this many milliseconds. */
const silentMs = 1_500;

/**
 * Repeats `identify` with growing delays until it succeeds: a worker may start before its node. Rejects only on abort, or if
 * the failure is final (`retry` is `never`). Each new reason is logged once and passed to `onWaiting`.
 */
export async function retryUntilIdentified<T>(
  identify: () => Promise<T>,
  { logger, signal, onWaiting, clock = systemClock }: OpenDeps & { readonly clock?: Clock },
): Promise<T> {
  let reported: string | undefined;
  const report = (reason: string): void => {
    if (reason === reported) return;
    reported = reason;
    if (onWaiting === undefined) logger.warn({ reason }, "No node reports its chain id; retrying.");
    else onWaiting(reason);
  };
  const identified = new AbortController();
  void clock.sleep(silentMs, AbortSignal.any([signal, identified.signal])).then(
    () => reported ?? report(`No response within ${silentMs / 1_000} s.`),
    () => undefined,
  );
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await identify();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TaskFailure && error.retry === "never") throw error;
        report(errorMessage(error));
        await clock.sleep(backoffDelay(identifyBackoff, attempt), signal);
      }
    }
  } finally {
    identified.abort(new Error("The chain is identified."));
  }
}
