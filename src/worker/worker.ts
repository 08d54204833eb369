// Wires a worker: a chain's reader, task execution, the gRPC server and the registration with managers.
// Imports every level below.
// Never uses a database or keeps state that another worker needs.
import { randomUUID } from "node:crypto";
import type { ChainReader } from "../chains/port.js";
import { startGrpcWorkerServer } from "../connectivity/grpc/server.js";
import { startRegistrar } from "../connectivity/registration/registrar.js";
import { createWorkerSessionServer } from "../connectivity/worker/session-server.js";
import { chainName } from "../domain/chain.js";
import { startMetricsServer } from "../http/metrics-server.js";
import { systemClock, type Clock } from "../lib/clock.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";
import { addressText } from "../lib/setting-types.js";
import { readTlsFiles } from "../lib/tls-files.js";
import { version } from "../lib/version.js";
import { advertisedHost, type WorkerConfig } from "./config.js";
import { createWorkerMetrics } from "./metrics.js";

/** A started worker. */
export interface RunningWorker {
  readonly workerId: string;
  /** The port that accepts managers' streams. */
  readonly port: number;
}

/**
 * Starts a worker for a chain. When the lifecycle stops, the worker announces that it drains, finishes running tasks within
 * the drain timeout and returns the others to their managers.
 */
export async function startWorker(
  config: WorkerConfig,
  {
    reader,
    lifecycle,
    logger,
    clock = systemClock,
  }: {
    readonly reader: ChainReader;
    readonly lifecycle: Lifecycle;
    readonly logger: Logger;
    readonly clock?: Clock;
  },
): Promise<RunningWorker> {
  const workerId = randomUUID();
  const { chain } = reader;
  const { workerToken: token, managers, drainTimeout } = config;
  const tls = readTlsFiles(config);
  lifecycle.onStop("the chain's reader", reader.close);

  const sessionServer = createWorkerSessionServer({
    source: reader,
    capacity: config.capacity,
    version,
    clock,
    logger,
  });
  const server = await startGrpcWorkerServer({
    sessionServer,
    chain,
    workerId,
    listen: addressText(config.address),
    logger,
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
  });
  if (config.metricsAddress !== undefined) {
    const metrics = createWorkerMetrics(reader, sessionServer);
    const served = await startMetricsServer({ address: addressText(config.metricsAddress), metrics, logger });
    lifecycle.onStop("metrics", served.close);
    logger.info({ url: served.url }, "The metrics server listens.");
  }
  const address = addressText({ host: advertisedHost(config), port: server.port });
  const registrar = startRegistrar({
    managers,
    registration: () => ({ workerId, chain, version, address, draining: sessionServer.draining }),
    intervalMs: config.managerInterval,
    clock,
    logger,
    ...(token !== undefined && { token }),
  });
  lifecycle.onStop("the worker's streams", async () => {
    const drained = server.drain(drainTimeout);
    // Managers receive the drain by their streams and by registration; either is sufficient.
    await registrar.registerNow();
    registrar.stop();
    await drained;
  });
  logger.info({ chain: chainName(chain), workerId, address, managers }, "The worker listens.");
  return { workerId, port: server.port };
}
