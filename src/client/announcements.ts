// Reads what was announced, by whichever manager, and hands it to listeners here: each once, in order of its chain.
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "../pubsub/port.js";
import { chainName } from "../domain/chain.js";
import type { Announcement, Store } from "../store/port.js";
import { announcedTopic } from "./committer.js";

export interface Announcements {
  /** Calls the listener for each announcement from now on; returns how to stop. */
  listen(listener: (announcement: Announcement) => void): () => void;
  close(): Promise<void>;
}

export interface AnnouncementsOptions {
  readonly store: Store;
  readonly pubsub: PubSub;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A wake-up may be lost: the store is looked at this often anyway. */
const pollMs = 1_000;
const readLimit = 1_000;
/** Announcements are for those who listen now; older ones are of no use. */
const keepSeconds = 3_600;
const trimMs = 60_000;

/** Starts reading from what is announced now. */
export async function createAnnouncements(options: AnnouncementsOptions): Promise<Announcements> {
  const { store, pubsub, clock, logger } = options;
  const listeners = new Set<(announcement: Announcement) => void>();
  const closing = new AbortController();
  const { signal } = closing;
  const seen = new Map(await store.latestSequences());
  let wake = (): void => {};
  let woken = false;
  const stopListening = pubsub.subscribe(announcedTopic, () => {
    woken = true;
    wake();
  });

  /** Whether there may be more at once. */
  const read = async (): Promise<boolean> => {
    const news = await store.announcements(seen, readLimit);
    for (const announcement of news) {
      seen.set(chainName(announcement.chain), announcement.sequence);
      for (const listener of listeners) listener(announcement);
    }
    return news.length === readLimit;
  };

  const rest = async (ms: number): Promise<void> => {
    if (woken || signal.aborted) return;
    const timer = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => (wake = resolve)),
      clock.sleep(ms, AbortSignal.any([signal, timer.signal])).catch(() => {}),
    ]);
    timer.abort();
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    let trimAt = clock.monotonic() + trimMs;
    while (!signal.aborted) {
      try {
        woken = false;
        const more = await read();
        failures = 0;
        if (clock.monotonic() > trimAt) {
          trimAt = clock.monotonic() + trimMs;
          await store.trimAnnouncements(keepSeconds);
        }
        if (!more) await rest(pollMs);
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ error }, "Announcements cannot be read; trying again.");
        await clock.sleep(backoffDelay({ first: 250, max: 5_000 }, failures), signal).catch(() => {});
      }
    }
  };
  const running = run();

  return {
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      stopListening();
      closing.abort(new Error("Announcements end."));
      await running;
    },
  };
}
