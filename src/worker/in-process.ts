// Runs a worker inside a manager's process: the same task execution, with frames passed in memory.
// Imports only chains, connectivity and lib.
// Never opens a socket.
import { randomUUID } from "node:crypto";
import type { ChainReader } from "../chains/port.js";
import { createMemoryChannels } from "../connectivity/protocol/channel.js";
import type { Registry } from "../connectivity/manager/registry.js";
import { createWorkerSessionServer } from "../connectivity/worker/session-server.js";
import { systemClock } from "../lib/clock.js";
import type { Lifecycle } from "../lib/lifecycle.js";
import type { Logger } from "../lib/logger.js";
import { version } from "../lib/version.js";

/** Attaches a reader to a manager as a separate worker, until the lifecycle stops. */
export function attachWorker(
  reader: ChainReader,
  {
    registry,
    lifecycle,
    logger,
  }: { readonly registry: Registry; readonly lifecycle: Lifecycle; readonly logger: Logger },
): void {
  const sessionServer = createWorkerSessionServer({ source: reader, version, clock: systemClock, logger });
  const detach = registry.attach(
    () => {
      const { manager, worker } = createMemoryChannels();
      void sessionServer.serve(worker);
      return manager;
    },
    { workerId: randomUUID(), chain: reader.chain, version },
  );
  lifecycle.onStop("an in-process worker", async () => {
    await sessionServer.drain(0);
    detach();
    await reader.close();
  });
}
