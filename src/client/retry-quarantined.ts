// Use case: fetch quarantined heights again. A node may have repaired its data, or a newer worker may decode what an older
// one could not. A height that is stored whole leaves quarantine.
import { chainName, type ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { Store } from "../store/port.js";
import type { StoreHeights } from "./store-heights.js";

/** The services that the retry uses. */
export interface RetryQuarantinedDeps {
  readonly store: Pick<Store, "quarantinedHeights">;
  readonly storeHeights: StoreHeights;
}

/** Retries at most `maxHeights` heights and resolves with the number of heights that are whole now. */
export type RetryQuarantined = (chain: ChainRef, maxHeights: number, signal: AbortSignal) => Promise<number>;

/** Creates the use case. Each call takes the next quarantined heights; after the last one it starts from the first. */
export function createRetryQuarantined({ store, storeHeights }: RetryQuarantinedDeps): RetryQuarantined {
  const lastTried = new Map<string, Height>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    const heights = await store.quarantinedHeights(chain, lastTried.get(name) ?? -1, maxHeights);
    // Remembered before the fetch, so that heights that fail do not block those above them.
    const last = heights.length < maxHeights ? undefined : heights.at(-1);
    if (last === undefined) lastTried.delete(name);
    else lastTried.set(name, last);
    let recovered = 0;
    // One task for each height: a height that kills its worker again does not keep the others from being retried.
    for (const height of heights) {
      await storeHeights({
        chain,
        ranges: [{ from: height, to: height }],
        parallel: 1,
        caller: "retry-quarantined",
        priority: "background",
        signal,
        onStored: (part) => (recovered += part.heights),
      });
    }
    return recovered;
  };
}
