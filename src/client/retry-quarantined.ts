// Use case: fetch quarantined heights again. A node may have repaired its data, or a newer worker may decode what an older
// one could not. A height that is stored whole leaves quarantine.
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangesFromHeights, type Height } from "../domain/height.js";
import type { Store } from "../store/port.js";
import { planHeightTasks } from "./plan.js";
import { runTasks, type RunTasksDeps } from "./run-tasks.js";

/** The services that the retry uses. */
export interface RetryQuarantinedDeps extends RunTasksDeps {
  readonly store: Pick<Store, "quarantinedHeights">;
}

/** Retries at most `maxHeights` heights and resolves with the number of heights that are whole now. */
export type RetryQuarantined = (chain: ChainRef, maxHeights: number, signal: AbortSignal) => Promise<number>;

/** Creates the use case. Each call takes the next quarantined heights; after the last one it starts from the first. */
export function createRetryQuarantined(deps: RetryQuarantinedDeps): RetryQuarantined {
  const lastTried = new Map<string, Height>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    const heights = await deps.store.quarantinedHeights(chain, lastTried.get(name) ?? -1, maxHeights);
    // Remembered before the fetch, so that heights that fail do not block those above them.
    const last = heights.length < maxHeights ? undefined : heights.at(-1);
    if (last === undefined) lastTried.delete(name);
    else lastTried.set(name, last);
    const tasks = planHeightTasks(chain, rangesFromHeights(heights), deps.dispatcher.capacity(chain));
    let recovered = 0;
    const options = { caller: "retry-quarantined", priority: "background", signal } as const;
    for await (const part of runTasks(deps, tasks, options)) recovered += part.heights;
    return recovered;
  };
}
