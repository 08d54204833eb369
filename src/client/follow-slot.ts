// The work of a slot of a LASTDATA schedule: follows the head of its chain until the slot is over. Between two steps it waits
// for a new head of a worker, so that new blocks are stored at once, whatever the interval.
import { chainName, type ChainRef } from "../domain/chain.js";
import type { ScheduleOutcome } from "../domain/schedule.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { createWakeUp, waitAtMost } from "../lib/wake-up.js";
import type { LeaseStore } from "../store/schedule-port.js";
import type { FollowLatest } from "./follow.js";
import type { HeadChanges } from "./head-changes.js";
import type { FollowResult } from "./port.js";
import type { RetryQuarantined } from "./retry-quarantined.js";
import type { ExecuteSlot } from "./slot-runner.js";

/** The services and settings of following. */
export interface FollowSlotOptions {
  readonly follow: FollowLatest;
  readonly retryQuarantined: RetryQuarantined;
  readonly heads: Pick<HeadChanges, "listen">;
  readonly store: Pick<LeaseStore, "acquireLease">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this process in leases. */
  readonly owner: string;
  /** Milliseconds between two retries of quarantined heights, over all managers. */
  readonly quarantineRetryIntervalMs: number;
  /** The maximum of heights in one step. */
  readonly maxHeights: number;
}

/** While a chain is far behind, its progress is stored this often. */
const reportMs = 2_000;
/** The wait for a step of another manager. */
const busyMs = 500;

/** Creates the work of LASTDATA slots. */
export function createFollowSlot(options: FollowSlotOptions): ExecuteSlot {
  const { follow, heads, clock, maxHeights } = options;
  return async ({ schedule: { chain, last }, signal, over, report }) => {
    const wakeUp = createWakeUp();
    const stopListening = heads.listen(chain, wakeUp.notify);
    const waiting = AbortSignal.any([signal, over]);
    let stored: ScheduleOutcome | undefined = last;
    let storedAt = -Infinity;
    try {
      for (;;) {
        const result = await follow(chain, maxHeights, signal);
        const outcome = outcomeOf(result);
        if (over.aborted) return { outcome };
        const changed = stored?.error !== undefined || stored?.hash !== outcome.hash;
        if (changed && (!result.behind || clock.monotonic() >= storedAt + reportMs)) {
          await report(outcome);
          [stored, storedAt] = [outcome, clock.monotonic()];
        }
        if (result.behind) continue;
        if (result.processing) {
          await waitAtMost(wakeUp, { clock, ms: busyMs, signal: waiting });
        } else {
          await retryIfDue(options, chain, waiting);
          await wakeUp.wait(waiting);
        }
        signal.throwIfAborted();
        if (over.aborted) return { outcome };
      }
    } finally {
      stopListening();
    }
  };
}

function outcomeOf({ head }: FollowResult): ScheduleOutcome {
  return head === undefined ? {} : { height: head.height, hash: head.hash };
}

/** Retries quarantined heights if the interval is over. The lease expires with the interval: no manager retries before. */
async function retryIfDue(
  { store, owner, logger, retryQuarantined, quarantineRetryIntervalMs, maxHeights }: FollowSlotOptions,
  chain: ChainRef,
  signal: AbortSignal,
): Promise<void> {
  const name = chainName(chain);
  try {
    const lease = await store.acquireLease(`quarantine/${name}`, owner, quarantineRetryIntervalMs);
    if (lease !== undefined) await retryQuarantined(chain, maxHeights, signal);
  } catch (error) {
    // A failed retry is not a failure of following.
    if (!signal.aborted) logger.warn({ error, chain: name }, "Retrying quarantined heights failed.");
  }
}
