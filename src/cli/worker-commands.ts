// `indexer worker <network>`
import type { Command } from "commander";
import type { ChainReader } from "../chains/port.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { createLogger } from "../lib/logger.js";
import {
  cosmosSettings,
  demoSettings,
  ethereumSettings,
  workerSettings,
  type WorkerConfig,
} from "../worker/config.js";
import { openCosmos, openDemo, openEthereum, type OpenDeps } from "../worker/reader.js";
import { startWorker } from "../worker/worker.js";
import { configure } from "./config.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { runUntilSignalled } from "./process.js";

export function addWorkerCommands(program: Command): void {
  const worker = program.command("worker").description("Read one chain and answer managers' tasks.");

  const ethereum = { ...ethereumSettings, ...workerSettings };
  addSettings(
    worker.command("ethereum").description("A worker of an Ethereum chain, over JSON-RPC."),
    ethereum,
  ).action((options: GivenOptions) => {
    const config = configure(ethereum, givenFlags(ethereum, options), options.config);
    return runWorker(config, (deps) => openEthereum(config, deps));
  });

  const cosmos = { ...cosmosSettings, ...workerSettings };
  addSettings(
    worker.command("cosmos").description("A worker of a Cosmos SDK chain, over gRPC or CometBFT RPC."),
    cosmos,
  ).action((options: GivenOptions) => {
    const config = configure(cosmos, givenFlags(cosmos, options), options.config);
    return runWorker(config, (deps) => openCosmos(config, deps));
  });

  const demo = { ...demoSettings, ...workerSettings };
  addSettings(
    worker.command("demo").description("A worker of a made-up chain that follows from a seed."),
    demo,
  ).action((options: GivenOptions) => {
    const config = configure(demo, givenFlags(demo, options), options.config);
    return runWorker(config, async () => openDemo(config));
  });
}

function runWorker(config: WorkerConfig, open: (deps: OpenDeps) => Promise<ChainReader>): Promise<void> {
  const logger = createLogger({ level: config.logLevel });
  const lifecycle = createLifecycle();
  return runUntilSignalled(lifecycle, logger, async () => {
    const reader = await open({ logger, signal: lifecycle.signal });
    return startWorker(config, { reader, lifecycle, logger });
  });
}
