// PINGs that were sent and not answered yet.
// Imports only lib; never sends.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.js";

export interface Pings {
  /** A new PING's id; a UUID, since legacy peers take nothing else. */
  sent(): string;
  /** Whether a PONG answers a PING that was sent. */
  answered(id: string): boolean;
  /** Milliseconds that the last answered PING took. */
  readonly lastMs: number | undefined;
}

/** PINGs that are remembered; older ones are over. */
const remembered = 8;

/** Creates the memory of one session's PINGs. */
export function createPings(clock: Clock): Pings {
  const sentAt = new Map<string, number>();
  let lastMs: number | undefined;
  return {
    sent() {
      const id = randomUUID();
      sentAt.set(id, clock.monotonic());
      const [oldest] = sentAt.keys();
      if (sentAt.size > remembered && oldest !== undefined) sentAt.delete(oldest);
      return id;
    },
    answered(id) {
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
