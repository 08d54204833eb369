// `indexer worker <network>`: one command for each network of the registry.
// Imports every level below.
// Never names a network.
import type { Command } from "commander";
import type { ChainAdapter } from "../chains/adapter.js";
import { chainAdapters } from "../chains/registry.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { createLogger } from "../lib/logger.js";
import { workerSettings } from "../worker/config.js";
import { startWorker } from "../worker/worker.js";
import { configure } from "./config.js";
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
    addSettings(command, settings).action((options: GivenOptions) => {
      const config = configure(settings, givenFlags(settings, options), options.config);
      const logger = createLogger({ level: config.logLevel });
      const lifecycle = createLifecycle();
      return runUntilSignalled(lifecycle, logger, async () => {
        const reader = await adapter.open(config, { logger, signal: lifecycle.signal });
        return startWorker(config, { reader, lifecycle, logger });
      });
    });
  }
}
