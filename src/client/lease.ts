// Work under a lease of the store. A lease lasts 15 s and is extended every 5 s.
import { IndexerError } from "../domain/errors.js";
import type { Clock } from "../lib/clock.js";
import type { LeaseStore } from "../store/schedule-port.js";

const leaseMs = 15_000;
const renewalMs = 5_000;

/** What the renewal of a lease needs. */
export interface RenewalOptions {
  readonly clock: Clock;
  /** Cancels the work. */
  readonly signal: AbortSignal;
  /** Extends the lease; returns false if it is lost. */
  readonly renew: () => Promise<boolean>;
}

/**
 * Runs `work` and extends its lease. The signal of the work aborts with CONFLICT when the lease is lost: another process has
 * taken it, or no renewal succeeded for 15 s.
 */
export async function whileRenewed<T>(
  { clock, signal, renew }: RenewalOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const ended = new AbortController();
  const stopped = AbortSignal.any([signal, ended.signal]);
  const keep = async (): Promise<void> => {
    let validUntil = clock.monotonic() + leaseMs;
    for (;;) {
      await clock.sleep(renewalMs, stopped);
      const began = clock.monotonic();
      const renewed = await renew().catch(() => undefined);
      if (renewed === true) validUntil = began + leaseMs;
      if (renewed === false || clock.monotonic() >= validUntil) {
        lost.abort(new IndexerError("CONFLICT", "Another process took over the work."));
        return;
      }
    }
  };
  // The sleep rejects when the work ends.
  const keeping = keep().catch(() => {});
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    ended.abort(new Error("The work ended."));
    await keeping;
  }
}

/** A lease to take, and the services for it. */
export interface NamedLeaseRequest {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** The work's name; one process at a time has the lease of a name. */
  readonly name: string;
  /** Names this process. */
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** Runs `work` while this process has the lease. Returns undefined, without running it, while another process has it. */
export async function withLease<T>(
  { store, clock, name, owner, signal }: NamedLeaseRequest,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const lease = await store.acquireLease(name, owner, leaseMs);
  if (lease === undefined) return undefined;
  try {
    const renew = (): Promise<boolean> => store.renewLease(lease, leaseMs);
    return await whileRenewed({ clock, signal, renew }, work);
  } finally {
    // A lease that cannot be released expires.
    await store.releaseLease(lease).catch(() => {});
  }
}
