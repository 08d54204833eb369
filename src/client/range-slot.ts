// The work of a slot of a SYNCRANGE schedule: starts a run of what its range lacks, and follows the run until the slot is over.
import type { ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { HeightRange } from "../domain/height.js";
import { hasEnded, type Run } from "../domain/run.js";
import type { ScheduleOutcome } from "../domain/schedule.js";
import type { Clock } from "../lib/clock.js";
import type { Store } from "../store/port.js";
import type { ExecuteSlot } from "./slot-runner.js";

/** Starts the backfill of a range, or returns the live one that covers it. */
export type StartBackfill = (chain: ChainRef, heights: HeightRange) => Promise<Run>;

/** The services of the work. */
export interface RangeSlotOptions {
  readonly store: Pick<Store, "unfinished" | "run" | "runErrors">;
  readonly startBackfill: StartBackfill;
  readonly clock: Clock;
}

const pollMs = 1_000;

/** Creates the work of SYNCRANGE slots. */
export function createRangeSlot({ store, startBackfill, clock }: RangeSlotOptions): ExecuteSlot {
  return async ({ schedule: { chain, heights, last }, signal, over, report }) => {
    if (heights === undefined) throw new IndexerError("INTERNAL", "A SYNCRANGE schedule has no heights.");
    let run: Run | undefined;
    let stored = last?.error === undefined ? last?.height : undefined;
    for (;;) {
      const missing = await store.unfinished(chain, heights);
      const outcome = reached(heights, missing);
      if (missing.length === 0) return { outcome, completed: true };
      if (run === undefined) run = await startBackfill(chain, heights);
      else {
        const current = await store.run(run.id);
        if (current?.status === "FAILED") throw await failureOf(store, current);
        // A run that somebody cancelled, or that lacks what was invalidated meanwhile, starts again in the next slot.
        if (current === null || hasEnded(current.status)) return { outcome };
      }
      if (over.aborted) return { outcome };
      if (outcome.height !== undefined && outcome.height !== stored) {
        await report(outcome);
        stored = outcome.height;
      }
      await clock.sleep(pollMs, AbortSignal.any([signal, over])).catch(() => {});
      signal.throwIfAborted();
    }
  };
}

/** The last height up to which everything of the range is done. */
function reached({ from, to }: HeightRange, [first]: readonly HeightRange[]): ScheduleOutcome {
  if (first === undefined) return { height: to };
  return first.from > from ? { height: first.from - 1 } : {};
}

async function failureOf(store: RangeSlotOptions["store"], { id }: Run): Promise<IndexerError> {
  const [first] = await store.runErrors(id, 1);
  return new IndexerError("WORKER_FAILED", `Run ${id} failed: ${first?.message ?? "no reason is stored"}`);
}
