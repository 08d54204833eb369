// Use case: wait briefly until a chain is stored up to a height.
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { Height } from "../domain/height.js";
import type { Clock } from "../lib/clock.js";
import { createWakeUp } from "../lib/wake-up.js";
import type { Store } from "../store/port.js";
import type { Announcements } from "./announcements.js";
import type { Client } from "./port.js";

const maxWaitMs = 5_000;

/** The services that the wait uses. */
export interface WaitDeps {
  readonly store: Pick<Store, "chain">;
  readonly announcements: Pick<Announcements, "listen">;
  readonly clock: Clock;
}

/** Creates the use case: resolves when the head is at the height or above; throws NOT_YET_INDEXED after 5 s or an abort. */
export function createWaitForHeight({ store, announcements, clock }: WaitDeps): Client["waitForHeight"] {
  return async (chain: ChainRef, height: Height, signal?: AbortSignal): Promise<void> => {
    const finished = new AbortController();
    const expired = new AbortController();
    const cancelled = AbortSignal.any([finished.signal, ...(signal === undefined ? [] : [signal])]);
    const wakeUp = createWakeUp();
    const stopListening = announcements.listen((announcement) => {
      if (sameChain(announcement.chain, chain)) wakeUp.notify();
    });
    void clock
      .sleep(maxWaitMs, cancelled)
      .catch(() => {})
      .then(() => expired.abort());
    try {
      for (;;) {
        // Read before the store, so that the last read of the store happens after the deadline.
        const last = expired.signal.aborted;
        const actual = (await store.chain(chain))?.head?.height;
        if (actual !== undefined && actual >= height) return;
        if (last) {
          const name = chainName(chain);
          throw new IndexerError(
            "NOT_YET_INDEXED",
            `${name}: height ${height} requested, ${actual === undefined ? "no height" : `heights up to ${actual}`} stored. Retry later.`,
            { chain: name, height: actual ?? null },
          );
        }
        await wakeUp.wait(expired.signal);
      }
    } finally {
      stopListening();
      finished.abort();
    }
  };
}
