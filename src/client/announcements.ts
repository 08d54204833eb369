// Reads the announcements of all managers from the store and calls local listeners: each announcement once, in the order of
// its chain. A lost wake-up costs latency only, because the store is polled as well.
import { chainName } from "../domain/chain.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import { createWakeUp, waitAtMost } from "../lib/wake-up.js";
import type { PubSub } from "../pubsub/port.js";
import type { Announcement, Store } from "../store/port.js";
import { announcedTopic } from "./committer.js";

/** The announcements of all managers, for listeners in this process. */
export interface Announcements {
  /** Calls the listener for each announcement from now on. Returns a function that removes the listener. */
  listen(listener: (announcement: Announcement) => void): () => void;
  close(): Promise<void>;
}

/** The services that announcements use. */
export interface AnnouncementsOptions {
  readonly store: Pick<Store, "latestSequences" | "announcements" | "trimAnnouncements">;
  readonly pubsub: Pick<PubSub, "subscribe">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const pollIntervalMs = 1_000;
const maxAnnouncementsPerRead = 1_000;
/** Listeners receive announcements within seconds, so older ones are deleted. */
const retentionSeconds = 3_600;
const trimIntervalMs = 60_000;

/** Starts to read after the newest announcement. */
export async function createAnnouncements(options: AnnouncementsOptions): Promise<Announcements> {
  const { store, pubsub, clock, logger } = options;
  const listeners = new Set<(announcement: Announcement) => void>();
  const closing = new AbortController();
  const { signal } = closing;
  const seen = new Map(await store.latestSequences());
  const wakeUp = createWakeUp();
  const unsubscribe = pubsub.subscribe(announcedTopic, wakeUp.notify);

  /** Returns whether more announcements may be available at once. */
  const readNext = async (): Promise<boolean> => {
    const announcements = await store.announcements(seen, maxAnnouncementsPerRead);
    for (const announcement of announcements) {
      seen.set(chainName(announcement.chain), announcement.sequence);
      for (const listener of listeners) listener(announcement);
    }
    return announcements.length === maxAnnouncementsPerRead;
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    let trimAt = clock.monotonic() + trimIntervalMs;
    while (!signal.aborted) {
      try {
        const more = await readNext();
        failures = 0;
        if (clock.monotonic() > trimAt) {
          trimAt = clock.monotonic() + trimIntervalMs;
          await store.trimAnnouncements(retentionSeconds);
        }
        if (!more) await waitAtMost(wakeUp, { clock, ms: pollIntervalMs, signal });
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ error }, "Reading announcements failed. It is retried.");
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
      unsubscribe();
      closing.abort(new Error("The announcements are closed."));
      await running;
    },
  };
}
