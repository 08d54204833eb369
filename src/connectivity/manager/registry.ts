// Who is there: workers register, are dialled, replaced, gone silent, forgotten.
// Imports only domain, lib and this folder; never knows what a dial is made of.
import { createHash, timingSafeEqual } from "node:crypto";
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError } from "../../domain/errors.js";
import type { WorkerStatus } from "../../domain/worker.js";
import type { AddressCheck, Target } from "../registration/address-check.js";
import { createRegistrationLimiter } from "../registration/registration-limiter.js";
import type { ManagerChannel } from "../protocol/channel.js";
import { legacyWorkersView, type LegacyNetwork } from "../registration/legacy-workers-view.js";
import type { WorkerPool } from "./dispatcher.js";
import { counts, times } from "../protocol/limits.js";
import type { Registration, Workers } from "../port.js";
import { readRegistration } from "../registration/registration-body.js";
import { createWorkerLink, type LinkSetting, type WorkerIdentity, type WorkerLink } from "./worker-link.js";

/** Where a registration comes from. */
export interface RegistrationSource {
  readonly ip: string;
  /** The `Authorization` header. */
  readonly authorization?: string;
}

export interface Registry extends Workers, WorkerPool {
  /**
   * Takes the parsed body of POST /client_ping. Resolves once the worker is known, before it is dialled. Rejects with
   * BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN, CONFLICT, RATE_LIMITED or OVERLOADED.
   */
  register(body: unknown, source: RegistrationSource): Promise<void>;
  /** Takes a worker of this process, or of a test; returns how to let it go. */
  attach(
    connect: () => ManagerChannel | Promise<ManagerChannel>,
    worker: Pick<WorkerIdentity, "workerId" | "chain" | "version">,
  ): () => void;
  /** The JSON value of GET /get_workers. */
  legacy(): Record<string, LegacyNetwork>;
  close(): void;
}

export interface RegistryOptions extends LinkSetting {
  /** Opens a stream to a checked address. */
  dial(target: Target, worker: WorkerIdentity): ManagerChannel;
  readonly addresses: AddressCheck;
  readonly token?: string;
}

interface Entry {
  readonly link: WorkerLink;
  /** `ip:port`; absent of a worker of this process. */
  readonly target?: string;
  /** The state that listeners know. */
  told?: WorkerStatus;
}

/** Creates an empty registry. */
export function createRegistry(options: RegistryOptions): Registry {
  const { clock, logger, addresses, token } = options;
  const entries = new Map<string, Entry>();
  const listeners = new Set<(worker: WorkerStatus) => void>();
  const poolListeners = new Set<(chain: ChainRef) => void>();
  const admission = createRegistrationLimiter(clock);
  /** Ids whose address is being resolved. */
  const pending = new Set<string>();
  const closing = new AbortController();
  let order = 0;

  const tell = ({ link }: Entry): void => {
    const status = link.status();
    for (const listener of listeners) listener(status);
    for (const listener of poolListeners) listener(link.identity.chain);
  };

  const remove = (entry: Entry, reason: string): void => {
    const { workerId } = entry.link.identity;
    if (entries.get(workerId) === entry) entries.delete(workerId);
    entry.link.close(reason);
    tell(entry);
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
      changed: () => {
        if (entries.get(identity.workerId)?.link === link) tell(entry);
        // A closed one is told of too: its tasks go to others.
        else for (const listener of poolListeners) listener(identity.chain);
      },
    });
    const entry: Entry = { link, ...(target !== undefined && { target }) };
    entries.set(identity.workerId, entry);
    tell(entry);
    return entry;
  };

  const authenticate = (authorization: string | undefined): void => {
    if (token === undefined || sameText(authorization ?? "", `Bearer ${token}`)) return;
    throw new IndexerError(
      "UNAUTHENTICATED",
      "The worker's token is missing or wrong: set WORKER_TOKEN alike on both sides.",
    );
  };

  const refuseConflict = (existing: Entry | undefined): void => {
    const status = existing?.link.status();
    if (status === undefined || status.state === "OFFLINE") return;
    const { workerId, address } = status;
    const message = `A worker '${workerId}' is registered at ${address}: give each worker an id of its own.`;
    throw new IndexerError("CONFLICT", message, { workerId });
  };

  const makeRoom = ({ network }: ChainRef): void => {
    const all = [...entries.values()];
    const networks = new Set(all.map(({ link }) => link.identity.chain.network));
    if (networks.size >= counts.networks && !networks.has(network))
      throw tooMany("networks", counts.networks);
    if (all.length < counts.workers) return;
    const [oldest] = all
      .filter((each) => each.target !== undefined && each.link.status().state === "OFFLINE")
      .sort((a, b) => a.link.status().lastSeen - b.link.status().lastSeen);
    if (oldest === undefined) throw tooMany("workers", counts.workers);
    remove(oldest, "Forgotten to make room for another worker.");
  };

  const admit = async (registration: Registration, ip: string): Promise<void> => {
    const { workerId, chain, version, address, draining } = registration;
    admission.countNew(ip);
    refuseConflict(entries.get(workerId));
    const target = await addresses.check(address);
    if (closing.signal.aborted) throw new IndexerError("SHUTTING_DOWN", "This manager is ending.");
    const key = `${target.ip} ${target.port}`;
    for (const each of [...entries.values()]) {
      if (each.target === key || each.link.identity.workerId === workerId) {
        remove(each, "The worker came back under a new registration.");
      }
    }
    makeRoom(chain);
    const identity = { workerId, chain, version, address };
    const entry = add(identity, () => options.dial(target, identity), key);
    if (draining === true) entry.link.registered(true);
    logger.info({ worker: workerId, chain: chainName(chain), address }, "A worker registered.");
  };

  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(1_000, closing.signal);
      for (const entry of [...entries.values()]) {
        const status = entry.link.status();
        const silent = clock.now() - status.lastSeen;
        if (entry.target !== undefined && silent > times.forgotten) {
          remove(entry, "Not heard of for 10 minutes.");
        } else if (status.state === "OFFLINE" && entry.told?.state !== "OFFLINE") {
          entry.told = status;
          tell(entry);
        } else {
          entry.told = status;
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
        return existing.registered(registration.draining ?? false);
      }
      if (pending.has(workerId)) return;
      pending.add(workerId);
      try {
        await admit(registration, ip);
      } finally {
        pending.delete(workerId);
      }
    },
    attach(connect, worker) {
      const entry = add({ ...worker, address: "in-process" }, connect);
      return () => remove(entry, "The worker was let go.");
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
    given(workerId) {
      order += 1;
      entries.get(workerId)?.link.given(order);
    },
    answered: (workerId, well) => entries.get(workerId)?.link.answered(well),
    close() {
      if (closing.signal.aborted) return;
      closing.abort(new Error("The manager is ending."));
      for (const { link } of entries.values()) link.close("The manager is ending.");
    },
  };
}

function tooMany(what: string, limit: number): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    `This manager knows ${limit} ${what} already: register with another one.`,
    { limit },
  );
}

/** In constant time, whatever the lengths. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
