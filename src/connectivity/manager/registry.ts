// Role: the workers that a manager knows: they register, are dialled, replaced and removed.
// May import: domain, lib, connectivity/protocol, connectivity/registration and this folder.
// Never knows how a dial works; never imports connectivity/worker.
import { createHash, timingSafeEqual } from "node:crypto";
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError } from "../../domain/errors.js";
import type { WorkerStatus } from "../../domain/worker.js";
import type { Registration, WorkerIdentity, Workers } from "../port.js";
import type { ManagerChannel } from "../protocol/channel.js";
import { counts, times } from "../protocol/limits.js";
import type { AddressCheck, Target } from "../registration/address-check.js";
import { legacyWorkersView, type LegacyNetwork } from "../registration/legacy-workers-view.js";
import { readRegistration } from "../registration/registration-body.js";
import { createRegistrationLimiter } from "../registration/registration-limiter.js";
import { createWorkerLink, type LinkDeps, type WorkerLink } from "./worker-link.js";
import type { WorkerDirectory } from "./worker-pool.js";

/** The sender of a registration. */
export interface RegistrationSource {
  readonly ip: string;
  /** The `Authorization` header. */
  readonly authorization?: string;
}

/** The known workers, and the functions that add them. */
export interface Registry extends Workers, WorkerDirectory {
  /**
   * Processes the parsed body of POST /client_ping. Resolves when the worker is known, before it is dialled. Rejects with
   * BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN, CONFLICT, RATE_LIMITED or OVERLOADED.
   */
  register(body: unknown, source: RegistrationSource): Promise<void>;
  /** Adds a worker of this process; returns a function that removes it. */
  attach(
    connect: () => ManagerChannel | Promise<ManagerChannel>,
    worker: Pick<WorkerIdentity, "workerId" | "chain" | "version">,
  ): () => void;
  /** Returns the JSON value of GET /get_workers. */
  legacy(): Record<string, LegacyNetwork>;
  close(): void;
}

/** Dependencies of the registry. */
export interface RegistryOptions extends LinkDeps {
  /** Opens a stream to a checked address. */
  dial(target: Target, worker: WorkerIdentity): ManagerChannel;
  readonly addresses: AddressCheck;
  readonly token?: string;
}

interface Entry {
  readonly link: WorkerLink;
  /** `ip port`; undefined for a worker of this process. */
  readonly target?: string;
  /** The state that the listeners saw last. */
  publishedState?: WorkerStatus["state"];
}

/** Creates an empty registry. */
export function createRegistry(options: RegistryOptions): Registry {
  const { clock, logger, addresses, token } = options;
  const entries = new Map<string, Entry>();
  const listeners = new Set<(worker: WorkerStatus) => void>();
  const poolListeners = new Set<(chain: ChainRef) => void>();
  const limiter = createRegistrationLimiter(clock);
  /** Ids whose address is being resolved. */
  const resolving = new Set<string>();
  const closing = new AbortController();
  let assignments = 0;

  const publishPool = (chain: ChainRef): void => {
    for (const listener of poolListeners) listener(chain);
  };

  const publish = (entry: Entry): void => {
    const status = entry.link.status();
    entry.publishedState = status.state;
    for (const listener of listeners) listener(status);
    publishPool(status.chain);
  };

  const remove = (entry: Entry, reason: string): void => {
    const { workerId } = entry.link.identity;
    if (entries.get(workerId) === entry) entries.delete(workerId);
    entry.link.close(reason);
    publish(entry);
  };

  const add = (
    identity: WorkerIdentity,
    dial: () => ManagerChannel | Promise<ManagerChannel>,
    target?: string,
  ): Entry => {
    const link = createWorkerLink({
      ...options,
      identity,
      dial,
      nextAssignment: () => ++assignments,
      onChange() {
        if (entries.get(identity.workerId)?.link === link) publish(entry);
        // The pool also needs the end of a removed worker: its tasks go to other workers.
        else publishPool(identity.chain);
      },
    });
    const entry: Entry = { link, ...(target !== undefined && { target }) };
    entries.set(identity.workerId, entry);
    publish(entry);
    return entry;
  };

  const authenticate = (authorization: string | undefined): void => {
    if (token === undefined || sameText(authorization ?? "", `Bearer ${token}`)) return;
    throw new IndexerError(
      "UNAUTHENTICATED",
      "The worker's token is missing or wrong. Set the same WORKER_TOKEN on both sides.",
    );
  };

  const refuseConflict = (existing: Entry | undefined): void => {
    const status = existing?.link.status();
    if (status === undefined || status.state === "OFFLINE") return;
    const { workerId, address } = status;
    const message = `A worker '${workerId}' is registered at ${address}. Use another id for each worker.`;
    throw new IndexerError("CONFLICT", message, { workerId });
  };

  /** Checks the limits on networks and workers. Removes the offline worker that is silent longest if needed. */
  const makeCapacity = ({ network }: ChainRef): void => {
    const all = [...entries.values()];
    const networks = new Set(all.map(({ link }) => link.identity.chain.network));
    if (networks.size >= counts.networks && !networks.has(network)) {
      throw limitError("networks", counts.networks);
    }
    if (all.length < counts.workers) return;
    const [oldest] = all
      .filter((each) => each.target !== undefined && each.link.status().state === "OFFLINE")
      .sort((a, b) => a.link.status().lastSeen - b.link.status().lastSeen);
    if (oldest === undefined) throw limitError("workers", counts.workers);
    remove(oldest, "Removed because the limit on workers was reached.");
  };

  const admit = async (registration: Registration, ip: string): Promise<void> => {
    const { workerId, chain, version, address, draining } = registration;
    limiter.countNew(ip);
    refuseConflict(entries.get(workerId));
    const target = await addresses.check(address);
    if (closing.signal.aborted) throw new IndexerError("SHUTTING_DOWN", "This manager is shutting down.");
    const key = `${target.ip} ${target.port}`;
    for (const each of [...entries.values()]) {
      if (each.target === key || each.link.identity.workerId === workerId) {
        remove(each, "Replaced by a new registration.");
      }
    }
    makeCapacity(chain);
    const identity = { workerId, chain, version, address };
    const entry = add(identity, () => options.dial(target, identity), key);
    if (draining === true) entry.link.renew(true);
    logger.info({ worker: workerId, chain: chainName(chain), address }, "A worker registered.");
  };

  /** Time alone makes a worker OFFLINE, and removes it. */
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(1_000, closing.signal);
      for (const entry of [...entries.values()]) {
        const { state, lastSeen } = entry.link.status();
        if (entry.target !== undefined && clock.now() - lastSeen > times.forgotten) {
          remove(entry, "Removed after 10 minutes without a message.");
        } else if (state === "OFFLINE" && entry.publishedState !== "OFFLINE") {
          publish(entry);
        }
      }
    }
  };

  watch().catch(() => undefined);

  return {
    async register(body, { ip, authorization }) {
      authenticate(authorization);
      const registration = readRegistration(body);
      const { workerId, address, chain } = registration;
      const existing = entries.get(workerId)?.link;
      if (existing?.identity.address === address && chainName(existing.identity.chain) === chainName(chain)) {
        return existing.renew(registration.draining ?? false);
      }
      if (resolving.has(workerId)) return;
      resolving.add(workerId);
      try {
        await admit(registration, ip);
      } finally {
        resolving.delete(workerId);
      }
    },
    attach(connect, worker) {
      const entry = add({ ...worker, address: "in-process" }, connect);
      return () => remove(entry, "The worker was detached.");
    },
    legacy: () => legacyWorkersView([...entries.values()].map(({ link }) => link.status())),
    list: (filter = {}) =>
      [...entries.values()]
        .map(({ link }) => link.status())
        .filter(({ chain }) => (filter.network ?? chain.network) === chain.network)
        .filter(({ chain }) => (filter.chainId ?? chain.chainId) === chain.chainId),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    workersOf: (chain) =>
      [...entries.values()]
        .filter(({ link }) => chainName(link.identity.chain) === chainName(chain))
        .map(({ link }) => link.pooled()),
    onPoolChange(listener) {
      poolListeners.add(listener);
      return () => void poolListeners.delete(listener);
    },
    close() {
      if (closing.signal.aborted) return;
      const reason = "The manager is shutting down.";
      closing.abort(new Error(reason));
      for (const { link } of entries.values()) link.close(reason);
    },
  };
}

function limitError(subject: string, limit: number): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `This manager knows ${limit} ${subject}, the most that it allows. Register with another manager.`,
    { limit },
  );
}

/** Compares two texts in constant time. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
