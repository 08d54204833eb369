// A worker, wired: a chain's reader, the answering side of the protocol, its server, registration with managers.
// Imports every level below; read top to bottom it says what is connected to what.
// Never sees a database, and remembers nothing that another worker would miss.
import { randomUUID } from "node:crypto";
import type { ChainReader } from "../chains/port.js";
import { startGrpcWorkerServer } from "../connectivity/grpc/server.js";
import { startRegistrar } from "../connectivity/registration/registrar.js";
import { createWorkerSessionServer } from "../connectivity/worker/session-server.js";
import { chainName } from "../domain/chain.js";
import { startMetricsServer } from "../http/metrics-server.js";
import { systemClock } from "../lib/clock.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";
import { addressText } from "../lib/setting-types.js";
import { readTlsFiles } from "../lib/tls-files.js";
import { version } from "../lib/version.js";
import { advertisedHost, type WorkerConfig } from "./config.js";
import { createWorkerMetrics } from "./metrics.js";

export interface RunningWorker {
  readonly workerId: string;
  /** The port on which managers' streams are taken. */
  readonly port: number;
}

/** Starts a worker for a chain; it ends with the lifecycle: says that it is going, finishes its tasks, hands on the rest. */
export async function startWorker(
  config: WorkerConfig,
  {
    reader,
    lifecycle,
    logger,
  }: { readonly reader: ChainReader; readonly lifecycle: Lifecycle; readonly logger: Logger },
): Promise<RunningWorker> {
  const clock = systemClock;
  const workerId = randomUUID();
  const { chain } = reader;
  const { workerToken: token, managers, drainTimeout } = config;
  const tls = readTlsFiles(config);
  lifecycle.onStop("the chain's reader", reader.close);

  const responder = createWorkerSessionServer({ source: reader, capacity: config.capacity, version, clock, logger });
  const server = await startGrpcWorkerServer({
    sessionServer: responder,
    chain,
    workerId,
    listen: addressText(config.address),
    logger,
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
  });
  if (config.metricsAddress !== undefined) {
    const metrics = createWorkerMetrics(reader, responder);
    const served = await startMetricsServer({ address: addressText(config.metricsAddress), metrics, logger });
    lifecycle.onStop("metrics", served.close);
    logger.info({ url: served.url }, "Metrics are served.");
  }
  const address = addressText({ host: advertisedHost(config), port: server.port });
  const registrar = startRegistrar({
    managers,
    registration: () => ({ workerId, chain, version, address, draining: responder.draining }),
    intervalMs: config.managerInterval,
    clock,
    logger,
    ...(token !== undefined && { token }),
  });
  lifecycle.onStop("the worker's streams", async () => {
    const drained = server.drain(drainTimeout);
    // Managers hear of it by their streams and by registration, whichever comes first.
    await registrar.registerNow();
    registrar.stop();
    await drained;
  });
  logger.info({ chain: chainName(chain), workerId, address, managers }, "The worker serves.");
  return { workerId, port: server.port };
}
