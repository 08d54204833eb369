// `indexer scheduler`: fires schedules at managers.
// Imports only lib, the scheduler and this folder.
// Never starts a manager or a worker.
import type { Command } from "commander";
import { createLifecycle } from "../lib/lifecycle.js";
import { schedulerSettings } from "../scheduler/config.js";
import { startScheduler } from "../scheduler/scheduler.js";
import { configure } from "./config.js";
import { createProcessLogger } from "./logging.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { runUntilSignalled } from "./process.js";

/** Adds `scheduler`. */
export function addSchedulerCommand(program: Command): void {
  const command = program
    .command("scheduler")
    .description(
      "Run a scheduler: it sends the work of schedules to managers. A manager with --enable-scheduler true needs none.",
    );
  addSettings(command, schedulerSettings).action(async (options: GivenOptions) => {
    const config = configure(schedulerSettings, givenFlags(schedulerSettings, options), options.config);
    const logger = await createProcessLogger(config.logLevel);
    const lifecycle = createLifecycle();
    await runUntilSignalled(lifecycle, logger, () => startScheduler(config, lifecycle, logger));
  });
}
