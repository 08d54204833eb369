// A Cosmos worker, started from its settings like the product, and scripted managers that connect to it over real gRPC.
import { cosmosAdapter } from "../chains/cosmos/adapter.js";
import { createDialler } from "../connectivity/grpc/dial.js";
import { supportedFeatures } from "../connectivity/protocol/frames.js";
import { systemClock, type Clock } from "../lib/clock.js";
import { resolveSettings } from "../lib/config.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { silentLogger } from "../lib/logger.js";
import { version } from "../lib/version.js";
import { workerSettings } from "../worker/config.js";
import { startWorker } from "../worker/worker.js";
import { startScriptedManager, type ScriptedManager } from "./scripted-manager.js";

/** A running worker. */
export interface CosmosWorker {
  /** `host:port` of its gRPC server. */
  readonly address: string;
  /** Connects a scripted manager and exchanges the first PING. */
  connect(): Promise<ScriptedManager>;
  /** Stops the worker as SIGTERM does. Resolves when it has stopped. */
  stop(): Promise<void>;
}

/**
 * Starts a worker from environment variables. It registers only with the managers that they name; by default none. The
 * deadlines of its tasks follow the clock; its node's do not.
 */
export async function startCosmosWorker(
  environment: Readonly<Record<string, string>>,
  clock: Clock = systemClock,
): Promise<CosmosWorker> {
  const { values: config } = resolveSettings(
    { ...cosmosAdapter.settings, ...workerSettings },
    { flags: {}, environment: { MANAGERS: ",", ADDRESS: "127.0.0.1:0", ...environment }, file: {} },
  );
  const logger = silentLogger();
  const lifecycle = createLifecycle();
  const reader = await cosmosAdapter.open(config, { logger, signal: lifecycle.signal });
  const { chain } = reader;
  const { workerId, port } = await startWorker(config, { reader, lifecycle, logger, clock });
  const address = `127.0.0.1:${port}`;
  const closers: (() => void)[] = [];

  return {
    address,
    async connect() {
      const identity = { workerId, chain, version, address };
      const channel = createDialler({})({ host: "127.0.0.1", ip: "127.0.0.1", port }, identity);
      closers.push(() => channel.close());
      const manager = startScriptedManager(channel);
      await manager.ping(supportedFeatures);
      return manager;
    },
    async stop() {
      await lifecycle.stop();
      for (const close of closers.splice(0)) close();
    },
  };
}
