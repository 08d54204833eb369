// Use case: one step of following for a caller outside of this process. The caller gets an answer within the time limits of
// its own connection, also if the step takes longer.
import { IndexerError } from "../domain/errors.js";
import type { Clock } from "../lib/clock.js";
import type { Store } from "../store/port.js";
import type { FollowLatest } from "./follow.js";
import type { Client } from "./port.js";

/** The services and settings of the use case. */
export interface ScrapeLatestDeps {
  readonly follow: FollowLatest;
  readonly store: Pick<Store, "chain">;
  readonly clock: Clock;
  /** The most heights in a step if the caller sets none. */
  readonly maxFollowHeights?: number;
}

/** The most heights in a step by default. */
export const defaultFollowHeights = 1_000;
/** The range of `maxHeights`. */
const maxHeightsLimits = { min: 1, max: 100_000 } as const;
/** GraphQL fields and the schedulers of existing systems give up after 30 s. */
const maxWaitMs = 25_000;

/** Creates the use case. */
export function createScrapeLatest({
  follow,
  store,
  clock,
  maxFollowHeights = defaultFollowHeights,
}: ScrapeLatestDeps): Client["scrapeLatest"] {
  return async ({ chain, maxHeights = maxFollowHeights }, signal) => {
    const { min, max } = maxHeightsLimits;
    if (!Number.isInteger(maxHeights) || maxHeights < min || maxHeights > max) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        `maxHeights: ${maxHeights} heights requested, ${min} to ${max} allowed.`,
        { argument: "maxHeights", actual: maxHeights, limit: max },
      );
    }
    const settled = new AbortController();
    const waited = AbortSignal.any([signal, settled.signal]);
    const step = follow(chain, maxHeights, waited);
    // A failure after the wait is logged by the next step that fails.
    step.catch(() => {});
    try {
      const timeout = clock.sleep(maxWaitMs, waited).then(
        () => undefined,
        () => step,
      );
      const result = await Promise.race([step, timeout]);
      if (result !== undefined) return result;
      const head = (await store.chain(chain))?.head;
      return {
        blocks: 0,
        transactions: 0,
        behind: true,
        processing: true,
        ...(head !== undefined && { head }),
      };
    } finally {
      settled.abort(new Error("The caller has its answer."));
    }
  };
}
