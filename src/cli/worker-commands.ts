// `indexer worker <network>`: one command for each network of the registry.
// Imports every level below.
// Never names a network.
import type { Command } from "commander";
import type { ChainAdapter } from "../chains/adapter.js";
import type { ChainReader } from "../chains/port.js";
import { chainAdapters } from "../chains/registry.js";
import { systemClock } from "../lib/clock.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { workerSettings } from "../worker/config.js";
import { startWorker } from "../worker/worker.js";
import { configure } from "./config.js";
import { createProcessLogger } from "./logging.js";
import { nodeHint } from "./node-hints.js";
import { openChain } from "./open-chain.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { runUntilSignalled } from "./process.js";

/** Adds `worker` with one command for each network. */
export function addWorkerCommands(program: Command, adapters: readonly ChainAdapter[] = chainAdapters): void {
  const worker = program
    .command("worker")
    .description("Run a worker: it reads one chain and executes tasks of managers.");
  for (const adapter of adapters) {
    const settings = { ...adapter.settings, ...workerSettings };
    const command = worker.command(adapter.network).description(adapter.description);
    addSettings(command, settings).action(async (options: GivenOptions) => {
      const config = configure(settings, givenFlags(settings, options), options.config);
      const logger = await createProcessLogger(config.logLevel);
      const lifecycle = createLifecycle();
      const { signal } = lifecycle;
      const onFault = (reason: string): void =>
        logger.warn({ reason, nextStep: nodeHint(reason) }, "The node is not available.");
      await runUntilSignalled(lifecycle, logger, async () => {
        const open = (): Promise<ChainReader> => adapter.open(config, { logger, signal, onWaiting: onFault });
        const reader = await openChain(open, { signal, clock: systemClock, onFault });
        return startWorker(config, { reader, lifecycle, logger });
      });
    });
  }
}
