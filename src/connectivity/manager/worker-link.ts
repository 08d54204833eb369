// The connection to one worker: dials it, dials again after a loss, and keeps its status.
// Imports only domain, lib, connectivity/protocol and this folder; never knows how a dial works.
import { chainName } from "../../domain/chain.js";
import type { WorkerState, WorkerStatus } from "../../domain/worker.js";
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import type { Logger } from "../../lib/logger.js";
import { backoffDelay } from "../../lib/retry.js";
import type { WorkerIdentity } from "../port.js";
import type { ManagerChannel } from "../protocol/channel.js";
import { dialBackoff, times } from "../protocol/limits.js";
import type { ConnectivityMetrics } from "./metrics.js";
import { createWorkerSession, type WorkerSession } from "./session.js";
import type { Lease, PooledWorker } from "./worker-pool.js";

/** The dependencies that all links of a manager share. */
export interface LinkDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: ConnectivityMetrics;
  readonly logger: Logger;
  /** The buffered bytes of all calls changed by a number. */
  bytesChanged(by: number): void;
}

/** Dependencies of one link. */
export interface LinkOptions extends LinkDeps {
  readonly identity: WorkerIdentity;
  /** Opens a stream; may fail at once or later. */
  dial(): ManagerChannel | Promise<ManagerChannel>;
  /** The status of the worker changed. */
  onChange(): void;
  /** Returns a number that grows with each assignment of a task to any worker. */
  nextAssignment(): number;
}

/** A known worker. */
export interface WorkerLink {
  readonly identity: WorkerIdentity;
  status(): WorkerStatus;
  pooled(): PooledWorker;
  /** The worker registered again. */
  renew(draining: boolean): void;
  close(reason: string): void;
}

/** Creates a link and starts to dial. */
export function createWorkerLink(options: LinkOptions): WorkerLink {
  const { identity, clock, metrics, onChange } = options;
  const { workerId, chain, address } = identity;
  const logger = options.logger.child({ worker: workerId, chain: chainName(chain), address });
  const closing = new AbortController();
  let session: WorkerSession | undefined;
  let registeredAt = clock.now();
  let registeredDraining = false;
  let failures = 0;
  /** Leases whose call did not start yet. */
  let reserved = 0;
  let lastSelected = 0;
  let lastSent: number | undefined;
  let [tasksDone, tasksFailed] = [0, 0];
  /** Ends the delay before the next dial. */
  let dialNow: (() => void) | undefined;

  const lastSeen = (): number => Math.max(registeredAt, session?.lastMessageAt ?? 0);

  const state = (): WorkerState => {
    if (closing.signal.aborted) return "OFFLINE";
    if (session?.ready === true) return registeredDraining || session.draining ? "DRAINING" : "ONLINE";
    return clock.now() - lastSeen() > times.offline ? "OFFLINE" : "CONNECTING";
  };

  const inFlight = (): number => (session?.inFlight ?? 0) + reserved;

  const lease = (current: WorkerSession): Lease => {
    lastSelected = options.nextAssignment();
    lastSent = clock.now();
    reserved += 1;
    let started = false;
    const start = (): void => {
      if (!started) reserved -= 1;
      started = true;
    };
    return {
      workerId,
      call(request, signal) {
        start();
        return current.call(request, signal);
      },
      release(succeeded) {
        start();
        if (succeeded === true) tasksDone += 1;
        else if (succeeded === false) tasksFailed += 1;
      },
    };
  };

  const runSession = async (): Promise<string> => {
    const channel = await options.dial();
    if (closing.signal.aborted) {
      channel.close();
      return "The link was closed.";
    }
    let online = false;
    const current = createWorkerSession({
      channel,
      clock,
      bytesChanged: options.bytesChanged,
      onChange() {
        if (!online && session?.ready === true) {
          online = true;
          failures = 0;
          logger.info({ features: session.capabilities }, "A worker is online.");
        }
        onChange();
      },
      onDropped: (reason) => metrics.dropped.inc({ reason }),
      onPart: () => metrics.parts.inc({ chain: chainName(chain) }),
    });
    session = current;
    const reason = await current.over;
    registeredAt = lastSeen();
    session = undefined;
    onChange();
    return reason;
  };

  const waitBeforeDial = async (): Promise<void> => {
    const early = new AbortController();
    dialNow = () => early.abort(new Error("The worker registered again."));
    const delay = backoffDelay(dialBackoff, failures, options.random);
    failures += 1;
    await clock.sleep(delay, AbortSignal.any([closing.signal, early.signal])).catch(() => undefined);
    dialNow = undefined;
  };

  const run = async (): Promise<void> => {
    let loggedReason: string | undefined;
    while (!closing.signal.aborted) {
      const reason = await runSession().catch(errorMessage);
      if (closing.signal.aborted) return;
      if (failures === 0 || reason !== loggedReason) logger.warn({ reason }, "A worker's stream is over.");
      loggedReason = reason;
      await waitBeforeDial();
    }
  };

  void run();

  return {
    identity,
    status: () => ({
      workerId,
      chain,
      version: identity.version,
      address,
      state: state(),
      lastSeen: lastSeen(),
      inFlight: inFlight(),
      capacity: session?.capacity ?? 0,
      tasksDone,
      tasksFailed,
      capabilities: session?.capabilities ?? [],
      ...(lastSent !== undefined && { lastSent }),
      ...(session?.pingMs !== undefined && { pingMs: session.pingMs }),
      ...(session?.head !== undefined && { head: session.head }),
    }),
    pooled: () => {
      const current = session;
      return {
        workerId,
        state: state(),
        capacity: current?.capacity ?? 0,
        inFlight: inFlight(),
        lastSelected,
        lease() {
          if (current === undefined) throw new Error(`The worker ${workerId} has no session.`);
          return lease(current);
        },
      };
    },
    renew(draining) {
      const wasOffline = state() === "OFFLINE";
      const drainingChanged = draining !== registeredDraining;
      registeredAt = clock.now();
      registeredDraining = draining;
      if (wasOffline) dialNow?.();
      if (wasOffline || drainingChanged) onChange();
    },
    close(reason) {
      if (closing.signal.aborted) return;
      closing.abort(new Error(reason));
      session?.close(reason);
    },
  };
}
