// Keeps following the heads of every chain that a worker serves, until the manager ends.
import type { Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { Follow } from "./follow.js";
import type { RetryQuarantined } from "./retry-quarantined.js";

export interface FollowerOptions {
  readonly follow: Follow;
  readonly retryQuarantined: RetryQuarantined;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks at a chain that is up to date. */
  readonly intervalMs: number;
  /** Milliseconds between two tries at what is in quarantine; the first comes once the chain is up to date. */
  readonly quarantineRetryIntervalMs: number;
  /** Heights of one step. */
  readonly maxHeights: number;
}

/** How the following of one chain goes. Times are milliseconds since 1970. */
export interface FollowState {
  readonly chain: ChainRef;
  /** When something was stored, or nothing was missing, the last time. */
  readonly lastGood?: number;
  /** Why the last step failed; absent where it did not. */
  readonly error?: string;
}

export interface Follower {
  /** One entry for each chain that is followed. */
  states(): readonly FollowState[];
  /** Stops all; resolves when the steps under way have ended. */
  stop(): Promise<void>;
}

/** What was heard of a chain's head. */
interface News {
  head: string;
  /** Whether it was heard since the last step began. */
  fresh: boolean;
  /** Ends the rest of the chain's loop. */
  wake: () => void;
}

/** Starts following: each chain that has a worker gets a loop of its own, so an ill chain holds up no other. */
export function startFollower(options: FollowerOptions): Follower {
  const {
    follow,
    retryQuarantined: mend,
    workers,
    clock,
    logger,
    intervalMs,
    quarantineRetryIntervalMs: mendIntervalMs,
    maxHeights,
  } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const states = new Map<string, FollowState>();
  const loops: Promise<void>[] = [];
  const news = new Map<string, News>();

  /** Waits, but no longer than until a worker tells another head than before. */
  const rest = async (of: News, ms: number): Promise<void> => {
    if (of.fresh) return;
    const timer = new AbortController();
    const told = new Promise<void>((resolve) => (of.wake = resolve));
    await Promise.race([told, clock.sleep(ms, AbortSignal.any([signal, timer.signal])).catch(() => {})]);
    timer.abort();
  };

  /** What stays in quarantine is no failure of following. */
  const tryToMend = async (chain: ChainRef): Promise<void> => {
    try {
      await mend(chain, maxHeights, signal);
    } catch (error) {
      if (!signal.aborted) logger.warn({ error, chain: chainName(chain) }, "Mending the quarantine failed.");
    }
  };

  const loop = async (chain: ChainRef): Promise<void> => {
    const name = chainName(chain);
    const own: News = { head: "", fresh: false, wake: () => {} };
    news.set(name, own);
    let failures = 0;
    let mendAt = -Infinity;
    while (!signal.aborted) {
      let behind = false;
      own.fresh = false;
      try {
        const result = await follow(chain, maxHeights, signal);
        behind = result.behind;
        failures = 0;
        states.set(name, { chain, lastGood: clock.now() });
        if (!behind && clock.monotonic() >= mendAt) {
          mendAt = clock.monotonic() + mendIntervalMs;
          await tryToMend(chain);
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const message = error instanceof Error ? error.message : String(error);
        const { lastGood } = states.get(name) ?? {};
        states.set(name, { chain, error: message, ...(lastGood !== undefined && { lastGood }) });
        // A chain that stays ill says so at once, and then more and more rarely.
        if (Number.isInteger(Math.log2(failures)))
          logger.warn({ error, chain: name, failures }, "Following a chain failed.");
      }
      const wait =
        failures > 0 ? intervalMs + backoffDelay({ first: 500, max: 30_000 }, failures - 1) : intervalMs;
      if (failures > 0) await clock.sleep(wait, signal).catch(() => {});
      else if (!behind) await rest(own, wait);
    }
  };

  const begin = (chain: ChainRef): void => {
    const name = chainName(chain);
    if (states.has(name) || signal.aborted) return;
    states.set(name, { chain });
    loops.push(loop(chain));
  };
  const stopListening = workers.onChange(({ chain, state, head }) => {
    if (state !== "ONLINE") return;
    begin(chain);
    const told = news.get(chainName(chain));
    const newest = `${head?.height ?? ""} ${head?.hash ?? ""}`;
    if (told === undefined || told.head === newest) return;
    told.head = newest;
    told.fresh = true;
    told.wake();
  });
  for (const { chain, state } of workers.list()) if (state === "ONLINE") begin(chain);

  return {
    states: () => [...states.values()],
    stop: async () => {
      stopListening();
      stopping.abort(new Error("Following ends."));
      await Promise.all(loops);
    },
  };
}
