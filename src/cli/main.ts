#!/usr/bin/env node
// The command line: which command runs what. Imports every level below; never does a command's work itself.
import { Command, CommanderError } from "commander";
import { ConfigError } from "../lib/config.js";
import { version } from "../lib/version.js";
import { addDatabaseCommands } from "./database-commands.js";
import { addDevCommand } from "./dev-command.js";
import { addManagerCommand } from "./manager-command.js";
import { explain, UsageError } from "./process.js";
import { addWorkerCommands } from "./worker-commands.js";

const program = new Command("indexer")
  .description(
    "One GraphQL endpoint over blockchain data: stored in PostgreSQL, completed live by workers, proven whole.",
  )
  .version(version)
  .showHelpAfterError("Add --help to see how it is used.")
  .configureHelp({ showGlobalOptions: true })
  .exitOverride();

addDevCommand(program);
addManagerCommand(program);
addWorkerCommands(program);
addDatabaseCommands(program);

try {
  await program.parseAsync();
  // Everything is stopped by now; a handle that a library keeps must not keep the process.
  process.exit();
} catch (error) {
  process.exit(exitCodeOf(error));
}

/** 0 where help was asked for, 2 for wrong use, 1 for what failed. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`${explain(error)}\n`);
  return error instanceof ConfigError || error instanceof UsageError ? 2 : 1;
}
