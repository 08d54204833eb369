// The managers that requests go to: each address of each destination, checked again and again. Dead ones are left out until
// they respond again; living ones take turns.
// Imports domain, lib and this folder.
// Never sends work.
import { isIP } from "node:net";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import type { Clock } from "../lib/clock.js";
import { errorMessage } from "../lib/error-message.js";
import type { Logger } from "../lib/logger.js";
import type { Destination } from "./destinations.js";

/** One manager: an address of a destination. */
export interface ManagerTarget {
  readonly destination: Destination;
  /** The IP address. */
  readonly address: string;
  /** Aborts when the manager is found dead: requests to it need not wait for their time limit. */
  readonly dead: AbortSignal;
}

/** The state of a manager, for operators. */
export interface TargetState {
  readonly url: string;
  readonly address: string;
  readonly alive: boolean;
  /** Why it is dead. */
  readonly error?: string;
}

/** The managers of a scheduler. */
export interface Targets {
  /** The living managers of a chain; each call starts with the next one. */
  turn(chain: ChainRef): readonly ManagerTarget[];
  /** Reports a manager that did not respond. */
  failed(target: ManagerTarget, error: unknown): void;
  list(): readonly TargetState[];
  /** Resolves the names and checks all managers now. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** The services of the targets. */
export interface TargetsOptions {
  readonly destinations: readonly Destination[];
  /** Returns the IP addresses of a name. */
  readonly resolve: (hostname: string) => Promise<readonly string[]>;
  /** Resolves if the manager responds in any way. */
  readonly probe: (
    target: Pick<ManagerTarget, "destination" | "address">,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two checks. */
  readonly intervalMs: number;
}

/** The time limit of a check, in milliseconds. */
const probeMs = 2_000;

interface KnownTarget {
  readonly destination: Destination;
  readonly address: string;
  /** Present while the manager is alive. */
  alive: AbortController | undefined;
  error: string | undefined;
}

/** Creates the targets, and checks them until they are stopped. */
export function createTargets(options: TargetsOptions): Targets {
  const { destinations, resolve, probe, clock, logger, intervalMs } = options;
  const stopping = new AbortController();
  let known: readonly KnownTarget[] = [];
  const turns = new Map<string, number>();

  const urlOf = ({ destination }: KnownTarget): string => destination.lastData.origin;
  const kill = (target: KnownTarget, error: unknown): void => {
    const reason = errorMessage(error);
    if (target.alive !== undefined || target.error === undefined)
      logger.warn({ url: urlOf(target), address: target.address, reason }, "A manager does not respond.");
    target.alive?.abort(new Error("The manager does not respond."));
    [target.alive, target.error] = [undefined, reason];
  };
  const revive = (target: KnownTarget): void => {
    if (target.alive !== undefined) return;
    logger.info({ url: urlOf(target), address: target.address }, "A manager responds.");
    [target.alive, target.error] = [new AbortController(), undefined];
  };

  /** A name that does not resolve now keeps its last addresses. */
  const addressesOf = async (destination: Destination): Promise<readonly string[]> => {
    const host = destination.lastData.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) return [host];
    try {
      return await resolve(host);
    } catch (error) {
      logger.warn({ host, error }, "The name of a manager cannot be resolved. It is retried.");
      return known.filter((each) => each.destination === destination).map(({ address }) => address);
    }
  };

  const check = async (target: KnownTarget): Promise<void> => {
    const timeout = new AbortController();
    const signal = AbortSignal.any([timeout.signal, stopping.signal]);
    const timer = clock
      .sleep(probeMs, signal)
      .then(() => timeout.abort(new Error(`No response within ${probeMs} ms.`)))
      .catch(() => {});
    try {
      await probe(target, signal);
      revive(target);
    } catch (error) {
      if (!stopping.signal.aborted) kill(target, error);
    } finally {
      timeout.abort();
      await timer;
    }
  };

  const checkAll = async (): Promise<void> => {
    const found = await Promise.all(
      destinations.map(async (destination) =>
        [...new Set(await addressesOf(destination))].map(
          (address) =>
            known.find((each) => each.destination === destination && each.address === address) ?? {
              destination,
              address,
              alive: undefined,
              error: undefined,
            },
        ),
      ),
    );
    const next = found.flat();
    for (const gone of known.filter((each) => !next.includes(each)))
      gone.alive?.abort(new Error("The manager's address is gone."));
    known = next;
    await Promise.all(known.map(check));
  };

  let checking: Promise<void> | undefined;
  const refresh = (): Promise<void> =>
    (checking ??= checkAll().finally(() => {
      checking = undefined;
    }));

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await refresh().catch((error: unknown) => logger.warn({ error }, "Checking managers failed."));
      await clock.sleep(intervalMs, stopping.signal).catch(() => {});
    }
  };
  const looping = loop();

  return {
    turn(chain) {
      const living = known.flatMap(({ destination, address, alive }) =>
        alive !== undefined && (destination.chain === undefined || sameChain(destination.chain, chain))
          ? [{ destination, address, dead: alive.signal }]
          : [],
      );
      if (living.length === 0) return [];
      const name = chainName(chain);
      // The number of living managers changes, so the turn is counted without it.
      const turn = turns.get(name) ?? 0;
      turns.set(name, turn + 1);
      const first = turn % living.length;
      return [...living.slice(first), ...living.slice(0, first)];
    },
    failed({ destination, address }, error) {
      const target = known.find((each) => each.destination === destination && each.address === address);
      if (target !== undefined) kill(target, error);
    },
    list: () =>
      known.map((each) => ({
        url: urlOf(each),
        address: each.address,
        alive: each.alive !== undefined,
        ...(each.error !== undefined && { error: each.error }),
      })),
    refresh,
    stop: async () => {
      stopping.abort(new Error("The scheduler stops."));
      await looping;
    },
  };
}
