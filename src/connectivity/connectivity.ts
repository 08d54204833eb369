// Connectivity, put together: workers register and are dialled, tasks are given to them, parts come back.
// Imports only domain, lib and this folder; the one place that knows all of its parts.
// Never stores, announces or shows anything.
import { systemClock, type Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import { createAddressCheck, privateRanges, type Resolve } from "./registration/address-check.js";
import { createDispatcher } from "./manager/dispatcher.js";
import { createDialler } from "./grpc/dial.js";
import type { TlsFiles } from "./grpc/tls.js";
import { sizes } from "./protocol/limits.js";
import { createConnectivityMetrics, registerGauges } from "./manager/metrics.js";
import type { Dispatcher, Workers } from "./port.js";
import { createRegistry, type Registry } from "./manager/registry.js";
import { createWaiting } from "./protocol/byte-budget.js";

export interface ConnectivityOptions {
  /** CIDRs that workers may be dialled in; loopback and private ranges unless told. */
  readonly allow?: readonly string[];
  /** Ports that this manager listens on by now: no worker has them. */
  readonly ownPorts?: () => readonly number[];
  /** What workers must know. */
  readonly token?: string;
  /** With it, streams are mutual TLS. */
  readonly tls?: TlsFiles;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly resolve?: Resolve;
  /** Bytes of answers that may wait for those who asked, over all tasks; 32 MiB unless told. */
  readonly waitingBytes?: number;
  /** Milliseconds that `close` lets tasks end; 10 s unless told. */
  readonly drainMs?: number;
}

export interface Connectivity {
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly registry: Registry;
  /** Takes no new task, lets those under way end for `drainMs`, ends the rest and lets all workers go. */
  close(): Promise<void>;
}

/** Creates the manager's connectivity. */
export function createConnectivity(options: ConnectivityOptions): Connectivity {
  const { logger, token, tls, clock = systemClock, random = Math.random } = options;
  const metrics = createConnectivityMetrics(options.metrics);
  const waiting = createWaiting(options.waitingBytes ?? sizes.waiting);
  const registry = createRegistry({
    clock,
    random,
    waiting,
    metrics,
    logger,
    dial: createDialler({ ...(token !== undefined && { token }), ...(tls !== undefined && { tls }) }),
    addresses: createAddressCheck({
      allow: options.allow ?? privateRanges,
      ownPorts: options.ownPorts ?? (() => []),
      ...(options.resolve !== undefined && { resolve: options.resolve }),
    }),
    ...(token !== undefined && { token }),
  });
  const dispatcher = createDispatcher({ pool: registry, clock, random, waiting, metrics });
  registerGauges(options.metrics, {
    tasksQueued: () => dispatcher.queued,
    tasksInFlight: () => dispatcher.inFlight,
    waitingBytes: () => waiting.bytes,
    sessions() {
      const states = new Map<string, number>();
      for (const { state } of registry.list()) states.set(state, (states.get(state) ?? 0) + 1);
      return states;
    },
  });

  return {
    dispatcher,
    workers: registry,
    registry,
    async close() {
      await dispatcher.close(options.drainMs ?? 10_000);
      registry.close();
    },
  };
}
