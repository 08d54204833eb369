// The scheduler of a manager: ensures that every chain with a worker is followed, and runs the slots of those chains.
import type { Workers } from "../connectivity/port.js";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Store } from "../store/port.js";
import type { FollowLatest } from "./follow.js";
import { createFollowSlot } from "./follow-slot.js";
import { observeHeads } from "./head-changes.js";
import { createRangeSlot, type StartBackfill } from "./range-slot.js";
import type { RetryQuarantined } from "./retry-quarantined.js";
import { startSlotRunner } from "./slot-runner.js";

/** The settings of the scheduler. */
export interface SchedulerSettings {
  /** Milliseconds of the slots of the schedules that this scheduler creates. */
  readonly followIntervalMs: number;
  /** Milliseconds between two retries of quarantined heights. The first retry follows once the chain is up to date. */
  readonly quarantineRetryIntervalMs: number;
}

/** The services and settings of the scheduler. */
export interface EmbeddedSchedulerOptions extends SchedulerSettings {
  readonly store: Store;
  readonly follow: FollowLatest;
  readonly retryQuarantined: RetryQuarantined;
  readonly startBackfill: StartBackfill;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this process in leases. */
  readonly owner: string;
  /** The maximum of heights in one step. */
  readonly maxHeights: number;
}

/** A running scheduler. */
export interface EmbeddedScheduler {
  /** The chains that had an online worker since the start. */
  chains(): readonly ChainRef[];
  stop(): Promise<void>;
}

/** Starts the scheduler. It claims only slots of chains that have an online worker at this manager. */
export function startEmbeddedScheduler(options: EmbeddedSchedulerOptions): EmbeddedScheduler {
  const { store, workers } = options;
  const heads = observeHeads(workers, () => runner?.wake());
  const ensured = new Set<string>();
  const followSlot = createFollowSlot({ ...options, heads });
  const rangeSlot = createRangeSlot(options);

  const chains = async (): Promise<readonly ChainRef[]> => {
    const online = heads.online();
    for (const chain of online.filter((each) => !ensured.has(chainName(each)))) {
      await ensureFollowed(options, chain);
      ensured.add(chainName(chain));
    }
    return online;
  };
  const runner = startSlotRunner({
    ...options,
    store,
    chains,
    execute: (work) => (work.schedule.kind === "LASTDATA" ? followSlot(work) : rangeSlot(work)),
  });

  return {
    chains: heads.seen,
    stop: async () => {
      heads.close();
      await runner.stop();
    },
  };
}

/** Creates the schedule that follows a chain, unless a user saved one. */
async function ensureFollowed(
  { store, logger, followIntervalMs }: EmbeddedSchedulerOptions,
  chain: ChainRef,
): Promise<void> {
  const taskId = `follow/${chainName(chain)}`;
  const existing = (await store.schedules()).filter(
    (each) => each.kind === "LASTDATA" && sameChain(each.chain, chain),
  );
  if (existing.some((each) => each.taskId !== taskId)) return;
  const { intervalMs } = await store.ensureSchedule({
    taskId,
    chain,
    kind: "LASTDATA",
    intervalMs: followIntervalMs,
    enabled: true,
  });
  if (intervalMs !== followIntervalMs) {
    logger.warn(
      { taskId, intervalMs, followIntervalMs },
      "The stored schedule has another interval than FOLLOW_INTERVAL. Change it with saveSchedule.",
    );
  }
}
