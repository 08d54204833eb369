// Use case: wait briefly until a chain is stored up to a height.
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { Height } from "../domain/height.js";
import type { Clock } from "../lib/clock.js";
import type { Store } from "../store/port.js";
import type { Announcements } from "./announcements.js";

const patienceMs = 5_000;

export interface WaitDeps {
  readonly store: Store;
  readonly announcements: Announcements;
  readonly clock: Clock;
}

/** Creates the use case: resolves when the head is at the height or above; after 5 s throws NOT_YET_INDEXED. */
export function createWait({ store, announcements, clock }: WaitDeps) {
  return async (chain: ChainRef, height: Height, signal?: AbortSignal): Promise<void> => {
    const over = new AbortController();
    const ends = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    const deadline = clock.sleep(patienceMs, ends).catch(() => {});
    let late = false;
    void deadline.then(() => (late = true));
    let wake = (): void => {};
    const stop = announcements.listen((news) => {
      if (sameChain(news.chain, chain)) wake();
    });
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const actual = (await store.chain(chain))?.head?.height;
        if (actual !== undefined && actual >= height) return;
        if (late) {
          throw new IndexerError(
            "NOT_YET_INDEXED",
            `${chainName(chain)} is stored up to ${actual ?? "no height"} only, not yet ${height}: ask again later.`,
            { chain: chainName(chain), height: actual ?? null },
          );
        }
        await Promise.race([changed, deadline]);
      }
    } finally {
      stop();
      over.abort();
    }
  };
}
