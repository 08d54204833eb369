// Use case: what is in quarantine is asked for again. A node may have found what it lost, and a newer worker may read what the
// older one could not; then the height is stored anew and leaves quarantine.
import type { Dispatcher } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangesOf, type Height } from "../domain/height.js";
import type { Store } from "../store/port.js";
import type { Committer } from "./committer.js";
import { heightTasks, runTasks } from "./fetch.js";

export interface MendDeps {
  readonly store: Pick<Store, "quarantined">;
  readonly dispatcher: Dispatcher;
  readonly committer: Committer;
}

/** Resolves with the number of heights that came. */
export type Mend = (chain: ChainRef, maxHeights: number, signal: AbortSignal) => Promise<number>;

/** Creates the use case. Each call asks for the next heights in quarantine, and begins anew after the last. */
export function createMend(deps: MendDeps): Mend {
  const reached = new Map<string, Height>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    const heights = await deps.store.quarantined(chain, reached.get(name) ?? -1, maxHeights);
    const last = heights.length < maxHeights ? undefined : heights.at(-1);
    if (last === undefined) reached.delete(name);
    else reached.set(name, last);
    const tasks = heightTasks(chain, rangesOf(heights), deps.dispatcher.room(chain));
    let came = 0;
    for await (const part of runTasks(deps, tasks, { asker: "mend", priority: "background", signal }))
      came += part.heights;
    return came;
  };
}
