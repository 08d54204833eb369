// Use case: what is in quarantine is asked for again. A node may have found what it lost, and a newer worker may read what the
// older one could not; then the height is stored anew and leaves quarantine.
import type { Dispatcher } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangesFromHeights, type Height } from "../domain/height.js";
import type { Store } from "../store/port.js";
import type { Committer } from "./committer.js";
import { heightTasks, runTasks } from "./fetch.js";

export interface RetryQuarantinedDeps {
  readonly store: Pick<Store, "quarantinedHeights">;
  readonly dispatcher: Dispatcher;
  readonly committer: Committer;
}

/** Resolves with the number of heights that came. */
export type RetryQuarantined = (chain: ChainRef, maxHeights: number, signal: AbortSignal) => Promise<number>;

/** Creates the use case. Each call asks for the next heights in quarantine, and begins anew after the last. */
export function createRetryQuarantined(deps: RetryQuarantinedDeps): RetryQuarantined {
  const reached = new Map<string, Height>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    const heights = await deps.store.quarantinedHeights(chain, reached.get(name) ?? -1, maxHeights);
    const last = heights.length < maxHeights ? undefined : heights.at(-1);
    if (last === undefined) reached.delete(name);
    else reached.set(name, last);
    const tasks = heightTasks(chain, rangesFromHeights(heights), deps.dispatcher.capacity(chain));
    let came = 0;
    for await (const part of runTasks(deps, tasks, { caller: "mend", priority: "background", signal }))
      came += part.heights;
    return came;
  };
}
