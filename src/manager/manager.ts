// Starts a manager: connects store, pubsub, connectivity, client, scheduler, gateway and HTTP server.
// Imports all levels below.
// Never contains a rule of its own.
import { randomUUID } from "node:crypto";
import { normalizeAccount, normalizeHash } from "../chains/registry.js";
import { createClient } from "../client/client.js";
import type { Client } from "../client/port.js";
import { createConnectivity } from "../connectivity/connectivity.js";
import type { Registry } from "../connectivity/manager/registry.js";
import { createGateway } from "../graphql/gateway.js";
import { createHttpServer } from "../http/server.js";
import { systemClock } from "../lib/clock.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";
import { createMetrics, type Metrics } from "../lib/metrics.js";
import { readTlsFiles } from "../lib/tls-files.js";
import { version } from "../lib/version.js";
import { addressText } from "../lib/setting-types.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import type { PubSub } from "../pubsub/port.js";
import { createPostgresPubSub } from "../pubsub/postgres.js";
import { createRedisPubSub } from "../pubsub/redis.js";
import { createStore } from "../store/create-store.js";
import { registerChainMetrics } from "./chain-metrics.js";
import type { ManagerConfig } from "./config.js";
import { createHealthCheck } from "./health.js";

/** A manager after its start. */
export interface RunningManager {
  /** The URL on this machine, without a path. */
  readonly url: string;
  readonly client: Client;
  /** Attaches workers of this process. */
  readonly registry: Registry;
  /** The metrics of the process, including those of its workers. */
  readonly metrics: Metrics;
}

/** Following is stalled after this many intervals without progress, and at least a minute. */
const stalledIntervals = 10;
/** Milliseconds that open connections have to finish when the server closes. */
const closeGraceMs = 2_000;

function createPubSub({ databaseUrl, redisUrl }: ManagerConfig, logger: Logger): PubSub {
  // Only one process can use the embedded database, so it needs no server for wake-ups.
  if (databaseUrl === undefined) return createMemoryPubSub();
  return redisUrl === undefined
    ? createPostgresPubSub({ databaseUrl, logger })
    : createRedisPubSub({ redisUrl, logger });
}

/** Starts a manager. The lifecycle stops its parts in reverse order. */
export async function startManager(
  config: ManagerConfig,
  lifecycle: Lifecycle,
  logger: Logger,
): Promise<RunningManager> {
  const clock = systemClock;
  const id = randomUUID();
  const metrics = createMetrics({ processMetrics: true });
  const { databaseUrl } = config;

  const store = await createStore({
    folder: config.dataFolder,
    poolSize: config.databaseConnections,
    migrate: config.migrateOnStart,
    metrics,
    logger,
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  lifecycle.onStop("the store", store.close);

  const pubsub = createPubSub(config, logger);
  lifecycle.onStop("wake-ups", pubsub.close);

  const tls = readTlsFiles(config);
  let ownPorts: readonly number[] = [];
  const connectivity = createConnectivity({
    allow: config.workerAllow,
    ownPorts: () => ownPorts,
    drainMs: config.drainTimeout,
    logger,
    metrics,
    clock,
    ...(config.workerToken !== undefined && { token: config.workerToken }),
    ...(tls !== undefined && { tls }),
  });
  const { dispatcher, workers, registry } = connectivity;

  const client = await createClient({
    store,
    pubsub,
    dispatcher,
    workers,
    clock,
    logger,
    metrics,
    normalizer: { normalizeHash, normalizeAccount },
    owner: id,
    maxFollowHeights: config.maximumHeightsToGet,
    closing: lifecycle.signal,
    ...(config.followFrom !== undefined && { followFrom: config.followFrom }),
  });
  lifecycle.onStop("announcements", client.close);
  registerChainMetrics({ client, registry: metrics, clock });
  lifecycle.onStop("streams to workers", connectivity.close);

  const runs = client.executeRuns();
  lifecycle.onStop("runs", runs.stop);
  const scheduler = config.enableScheduler
    ? client.startScheduler({
        followIntervalMs: config.followInterval,
        quarantineRetryIntervalMs: config.quarantineRetryInterval,
      })
    : undefined;
  if (scheduler !== undefined) lifecycle.onStop("schedules", scheduler.stop);

  const gateway = createGateway({
    client,
    logger,
    metrics,
    manager: { id, version, startedAt: clock.now() },
    graphiql: config.graphiql,
    introspection: config.introspection,
    allowedOrigins: config.allowedOrigins,
  });
  const server = createHttpServer({
    address: addressText(config.address),
    gateway,
    client,
    register: registry.register,
    legacyWorkers: registry.legacy,
    health: createHealthCheck({
      client,
      observed: () => scheduler?.chains() ?? [],
      stalledMs: Math.max(60_000, config.followInterval * stalledIntervals),
    }),
    metrics,
    logger,
    closeGraceMs,
    ...(config.metricsAddress !== undefined && { metricsAddress: addressText(config.metricsAddress) }),
  });
  const { url, port, metricsUrl } = await server.listen();
  ownPorts = [port, Number(new URL(metricsUrl).port)];
  lifecycle.onStop("the HTTP server", server.close);
  logger.info({ url, database: store.kind, pubsub: pubsub.kind, version }, "The manager is ready.");

  return { url, client, registry, metrics };
}
