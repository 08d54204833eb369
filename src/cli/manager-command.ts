// `indexer manager`: the production manager.
// Imports only lib, the manager and this folder.
// Never starts a worker.
import type { Command } from "commander";
import { createLifecycle } from "../lib/lifecycle.js";
import { managerSettings } from "../manager/config.js";
import { startManager } from "../manager/manager.js";
import { configure } from "./config.js";
import { createProcessLogger } from "./logging.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { runUntilSignalled } from "./process.js";

/** Adds `manager`. */
export function addManagerCommand(program: Command): void {
  const command = program
    .command("manager")
    .description(
      "Run a manager: it serves GraphQL, HTTP and worker registration. Several managers may share one PostgreSQL.",
    );
  addSettings(command, managerSettings).action(async (options: GivenOptions) => {
    const config = configure(managerSettings, givenFlags(managerSettings, options), options.config);
    const logger = await createProcessLogger(config.logLevel);
    const lifecycle = createLifecycle();
    await runUntilSignalled(lifecycle, logger, () => startManager(config, lifecycle, logger));
  });
}
