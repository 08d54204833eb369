// PINGs that were sent and not answered yet.
// Imports only lib; never sends.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.js";

/** The unanswered PINGs of one session. */
export interface Pings {
  /** Records a new PING and returns its id, a UUID: version 0 accepts nothing else. */
  start(): string;
  /** Records the reply to a PING. Returns false if no such PING was sent. */
  complete(id: string): boolean;
  /** Milliseconds that the last answered PING took. */
  readonly lastMs: number | undefined;
}

/** The number of unanswered PINGs that are kept; older ones are forgotten. */
const maxPending = 8;

/** Creates the record of one session's PINGs. */
export function createPings(clock: Clock): Pings {
  const sentAt = new Map<string, number>();
  let lastMs: number | undefined;
  return {
    start() {
      const id = randomUUID();
      sentAt.set(id, clock.monotonic());
      const [oldest] = sentAt.keys();
      if (sentAt.size > maxPending && oldest !== undefined) sentAt.delete(oldest);
      return id;
    },
    complete(id) {
      const at = sentAt.get(id);
      if (at === undefined) return false;
      sentAt.delete(id);
      lastMs = Math.round((clock.monotonic() - at) * 1000) / 1000;
      return true;
    },
    get lastMs() {
      return lastMs;
    },
  };
}
