// Role: the composition of a manager's connectivity: registry, dialler, dispatcher, metrics.
// May import: domain, lib and everything in connectivity except connectivity/worker.
// Never stores, publishes or displays data.
import { systemClock, type Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import { createDialler } from "./grpc/dial.js";
import type { TlsFiles } from "./grpc/tls.js";
import { createDispatcher } from "./manager/dispatcher.js";
import { createConnectivityMetrics, registerGauges } from "./manager/metrics.js";
import { createRegistry, type Registry } from "./manager/registry.js";
import type { Dispatcher, Workers } from "./port.js";
import { createByteBudget } from "./protocol/byte-budget.js";
import { sizes } from "./protocol/limits.js";
import { createAddressCheck, privateRanges, type Resolve } from "./registration/address-check.js";

/** Settings of connectivity. */
export interface ConnectivityOptions {
  /** The CIDRs in which workers may be dialled; loopback and private ranges by default. */
  readonly allow?: readonly string[];
  /** Returns the ports that this manager listens on: no worker may use them. */
  readonly ownPorts?: () => readonly number[];
  /** The shared secret of managers and workers. */
  readonly token?: string;
  /** Makes streams mutual TLS. */
  readonly tls?: TlsFiles;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly resolve?: Resolve;
  /**
   * Bytes of results that wait for their consumers, over all tasks; 32 MiB by default. The limit applies twice: to the calls,
   * through their credit, and to the buffers in front of workers of protocol version 0.
   */
  readonly bufferBytes?: number;
  /** Milliseconds that `close` waits for running tasks; 10 s by default. */
  readonly drainMs?: number;
}

/** A manager's connectivity. */
export interface Connectivity {
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly registry: Registry;
  /** Rejects new tasks, waits `drainMs` for the running ones, ends the rest and disconnects all workers. */
  close(): Promise<void>;
}

/** Creates the manager's connectivity. */
export function createConnectivity(options: ConnectivityOptions): Connectivity {
  const { logger, token, tls, clock = systemClock, random = Math.random } = options;
  const { bufferBytes = sizes.buffered } = options;
  const metrics = createConnectivityMetrics(options.metrics);
  const budget = createByteBudget(bufferBytes);
  let callBytes = 0;
  const registry = createRegistry({
    clock,
    random,
    metrics,
    logger,
    bytesChanged: (by) => (callBytes += by),
    dial: createDialler({
      clock,
      budget,
      ...(token !== undefined && { token }),
      ...(tls !== undefined && { tls }),
    }),
    addresses: createAddressCheck({
      allow: options.allow ?? privateRanges,
      ownPorts: options.ownPorts ?? (() => []),
      ...(options.resolve !== undefined && { resolve: options.resolve }),
    }),
    ...(token !== undefined && { token }),
  });
  const dispatcher = createDispatcher({ directory: registry, clock, random, metrics, bufferBytes });
  registerGauges(options.metrics, {
    tasksQueued: () => dispatcher.queued,
    tasksInFlight: () => dispatcher.inFlight,
    bufferedBytes: () => callBytes + budget.bytes,
    workersByState() {
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
