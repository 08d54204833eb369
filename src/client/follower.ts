// Follows the head of every chain that has an online worker, until the manager stops.
import type { Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import type { Clock } from "../lib/clock.js";
import { errorMessage } from "../lib/error-message.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import { createWakeUp, waitAtMost, type WakeUp } from "../lib/wake-up.js";
import type { FollowLatest } from "./follow.js";
import type { RetryQuarantined } from "./retry-quarantined.js";

/** The services and intervals of a follower. */
export interface FollowerOptions {
  readonly follow: FollowLatest;
  readonly retryQuarantined: RetryQuarantined;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two steps of a chain that is up to date. */
  readonly intervalMs: number;
  /** Milliseconds between two retries of quarantined heights. The first retry follows once the chain is up to date. */
  readonly quarantineRetryIntervalMs: number;
  /** The maximum of heights in one step. */
  readonly maxHeights: number;
}

/** The progress of following one chain. Times are milliseconds since 1970. */
export interface FollowStatus {
  readonly chain: ChainRef;
  /** The end of the last step that succeeded. */
  readonly lastSuccess?: number;
  /** The error of the last step; absent if it succeeded. */
  readonly error?: string;
}

/** The loops that follow chains. */
export interface Follower {
  /** Returns one entry for each followed chain. */
  states(): readonly FollowStatus[];
  /** Stops all loops; resolves after the steps in progress. */
  stop(): Promise<void>;
}

/** The newest head that a worker reported for one chain, and the wake-up of the chain's loop. */
interface ObservedHead {
  text: string;
  readonly wakeUp: WakeUp;
}

/** Starts one loop for each chain that has an online worker, so a failing chain does not delay the others. */
export function startFollower(options: FollowerOptions): Follower {
  const { follow, workers, clock, logger, intervalMs, maxHeights } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const states = new Map<string, FollowStatus>();
  const heads = new Map<string, ObservedHead>();
  const loops: Promise<void>[] = [];

  /** A failed retry is not a failure of following. */
  const retryQuarantined = async (chain: ChainRef): Promise<void> => {
    try {
      await options.retryQuarantined(chain, maxHeights, signal);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ error, chain: chainName(chain) }, "Retrying quarantined heights failed.");
    }
  };

  const runLoop = async (chain: ChainRef, wakeUp: WakeUp): Promise<void> => {
    const name = chainName(chain);
    let failures = 0;
    let retryAt = -Infinity;
    while (!signal.aborted) {
      try {
        const { behind } = await follow(chain, maxHeights, signal);
        failures = 0;
        states.set(name, { chain, lastSuccess: clock.now() });
        if (behind) continue;
        if (clock.monotonic() >= retryAt) {
          retryAt = clock.monotonic() + options.quarantineRetryIntervalMs;
          await retryQuarantined(chain);
        }
        await waitAtMost(wakeUp, { clock, ms: intervalMs, signal });
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        states.set(name, { ...states.get(name), chain, error: errorMessage(error) });
        // Logged at failures 1, 2, 4, 8, …: a chain that fails for hours does not flood the log.
        if (Number.isInteger(Math.log2(failures))) {
          logger.warn({ error, chain: name, failures }, "Following a chain failed.");
        }
        const delay = intervalMs + backoffDelay({ first: 500, max: 30_000 }, failures - 1);
        await clock.sleep(delay, signal).catch(() => {});
      }
    }
  };

  const observe = (chain: ChainRef, text: string): void => {
    if (signal.aborted) return;
    const name = chainName(chain);
    const observed = heads.get(name);
    if (observed === undefined) {
      const wakeUp = createWakeUp();
      heads.set(name, { text, wakeUp });
      states.set(name, { chain });
      loops.push(runLoop(chain, wakeUp));
    } else if (observed.text !== text) {
      observed.text = text;
      observed.wakeUp.notify();
    }
  };
  const observeWorker = ({ chain, state, head }: ReturnType<Workers["list"]>[number]): void => {
    if (state === "ONLINE") observe(chain, `${head?.height ?? ""} ${head?.hash ?? ""}`);
  };
  const stopListening = workers.onChange(observeWorker);
  for (const worker of workers.list()) observeWorker(worker);

  return {
    states: () => [...states.values()],
    stop: async () => {
      stopListening();
      stopping.abort(new Error("Following stopped."));
      await Promise.all(loops);
    },
  };
}
