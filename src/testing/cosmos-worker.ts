// A Cosmos worker as the product starts it, from its settings, and managers that dial it on real gRPC.
import { cosmosAdapter } from "../chains/cosmos/adapter.js";
import { createDialler } from "../connectivity/grpc/dial.js";
import { supportedFeatures } from "../connectivity/protocol/frames.js";
import { resolveSettings } from "../lib/config.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { silentLogger } from "../lib/logger.js";
import { version } from "../lib/version.js";
import { workerSettings } from "../worker/config.js";
import { startWorker } from "../worker/worker.js";
import { startScriptedManager, type ScriptedManager } from "./scripted-manager.js";

export interface CosmosWorker {
  /** `host:port` of its gRPC server. */
  readonly address: string;
  /** Dials it as a manager does, and says hello. */
  connect(): Promise<ScriptedManager>;
  /** Ends it as SIGTERM does; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a worker from settings as an operator writes them; it registers with nobody unless they name a manager. */
export async function startCosmosWorker(
  environment: Readonly<Record<string, string>>,
): Promise<CosmosWorker> {
  const { values: config } = resolveSettings(
    { ...cosmosAdapter.settings, ...workerSettings },
    { flags: {}, environment: { MANAGERS: ",", ADDRESS: "127.0.0.1:0", ...environment }, file: {} },
  );
  const logger = silentLogger();
  const lifecycle = createLifecycle();
  const reader = await cosmosAdapter.open(config, { logger, signal: lifecycle.signal });
  const { chain } = reader;
  const { workerId, port } = await startWorker(config, { reader, lifecycle, logger });
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
