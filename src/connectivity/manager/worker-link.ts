// One worker as the manager holds on to it: dialled, lost and dialled again, and what is known of it.
// Imports only domain, lib and this folder; never knows what a dial is made of.
import type { ChainRef } from "../../domain/chain.js";
import { chainName } from "../../domain/chain.js";
import type { WorkerState, WorkerStatus } from "../../domain/worker.js";
import type { Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import { backoffDelay } from "../../lib/retry.js";
import type { ManagerChannel } from "../protocol/channel.js";
import type { PooledWorker } from "./dispatcher.js";
import { dialBackoff, times } from "../protocol/limits.js";
import type { ConnectivityMetrics } from "./metrics.js";
import { createSession, type Session } from "./session.js";
import type { Waiting } from "../protocol/byte-budget.js";

/** Who a worker is. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly chain: ChainRef;
  readonly version: string;
  /** `host:port`, or `in-process`. */
  readonly address: string;
}

/** What every link of a manager shares. */
export interface LinkSetting {
  readonly clock: Clock;
  readonly random: () => number;
  readonly waiting: Waiting;
  readonly metrics: ConnectivityMetrics;
  readonly logger: Logger;
}

export interface LinkOptions extends LinkSetting {
  readonly identity: WorkerIdentity;
  /** Opens a stream; may fail now or later. */
  dial(): ManagerChannel | Promise<ManagerChannel>;
  /** Something of the worker changed. */
  changed(): void;
}

export interface WorkerLink {
  readonly identity: WorkerIdentity;
  status(): WorkerStatus;
  pooled(): PooledWorker;
  /** It registered again. */
  registered(draining: boolean): void;
  given(order: number): void;
  answered(well: boolean): void;
  close(reason: string): void;
}

/** Creates a link and begins to dial. */
export function createWorkerLink(options: LinkOptions): WorkerLink {
  const { identity, clock, random, waiting, metrics, changed } = options;
  const { workerId, chain, address } = identity;
  const logger = options.logger.child({ worker: workerId, chain: chainName(chain), address });
  const closing = new AbortController();
  let session: Session | undefined;
  let registeredAt = clock.now();
  let drainingSaid = false;
  let failures = 0;
  let lastChosen = 0;
  let lastSent: number | undefined;
  let [tasksDone, tasksFailed] = [0, 0];
  /** The retry that is waited for ends early when an offline worker registers again. */
  let retryNow: (() => void) | undefined;

  const lastSeen = (): number => Math.max(registeredAt, session?.lastHeard ?? 0);

  const state = (): WorkerState => {
    if (closing.signal.aborted) return "OFFLINE";
    if (session?.ready === true) return drainingSaid || session.draining ? "DRAINING" : "ONLINE";
    return clock.now() - lastSeen() > times.offline ? "OFFLINE" : "CONNECTING";
  };

  const sessionChanged = (): void => {
    if (session?.ready === true && failures > 0) failures = 0;
    changed();
  };

  const holdSession = async (): Promise<string> => {
    const channel = await options.dial();
    if (closing.signal.aborted) {
      channel.close();
      return "The link was closed.";
    }
    let greeted = false;
    const current = createSession({
      channel,
      clock,
      waiting,
      changed() {
        if (!greeted && session?.ready === true) {
          greeted = true;
          logger.info({ features: session.features }, "A worker is online.");
        }
        sessionChanged();
      },
      dropped: (reason) => metrics.dropped.inc({ reason }),
      partReceived: () => metrics.parts.inc({ chain: chainName(chain) }),
    });
    session = current;
    const reason = await current.over;
    registeredAt = lastSeen();
    session = undefined;
    changed();
    return reason;
  };

  const waitForRetry = async (): Promise<void> => {
    const early = new AbortController();
    retryNow = () => early.abort(new Error("Registered again."));
    const delay = backoffDelay(dialBackoff, failures, random);
    failures += 1;
    await clock.sleep(delay, AbortSignal.any([closing.signal, early.signal])).catch(() => undefined);
    retryNow = undefined;
  };

  const keepUp = async (): Promise<void> => {
    let logged: string | undefined;
    while (!closing.signal.aborted) {
      const reason = await holdSession().catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
      if (closing.signal.aborted) return;
      if (failures === 0 || reason !== logged) logger.warn({ reason }, "A worker's stream is over.");
      logged = reason;
      await waitForRetry();
    }
  };

  void keepUp();

  return {
    identity,
    status: () => ({
      workerId,
      chain,
      version: identity.version,
      address,
      state: state(),
      lastSeen: lastSeen(),
      inFlight: session?.inFlight ?? 0,
      capacity: session?.capacity ?? 0,
      tasksDone,
      tasksFailed,
      capabilities: session?.features ?? [],
      ...(lastSent !== undefined && { lastSent }),
      ...(session?.pingMs !== undefined && { pingMs: session.pingMs }),
      ...(session?.head !== undefined && { head: session.head }),
    }),
    pooled: () => ({
      workerId,
      state: state(),
      capacity: session?.capacity ?? 0,
      inFlight: session?.inFlight ?? 0,
      lastChosen,
      ...(session !== undefined && { session }),
    }),
    registered(draining) {
      const wasOffline = state() === "OFFLINE";
      const changedMind = draining !== drainingSaid;
      registeredAt = clock.now();
      drainingSaid = draining;
      if (wasOffline) retryNow?.();
      if (wasOffline || changedMind) changed();
    },
    given(order) {
      lastChosen = order;
      lastSent = clock.now();
    },
    answered(well) {
      if (well) tasksDone += 1;
      else tasksFailed += 1;
    },
    close(reason) {
      if (closing.signal.aborted) return;
      closing.abort(new Error(reason));
      session?.close(reason);
    },
  };
}
