#!/usr/bin/env node
// The entry point of the command line: declares the commands and maps errors to exit codes.
// Imports every level below.
// Never implements a command.
import { Command, CommanderError } from "commander";
import { ConfigError } from "../lib/config.js";
import { version } from "../lib/version.js";
import { addCheckCommand } from "./check-command.js";
import { addConfigCommand } from "./config-command.js";
import { addDatabaseCommands } from "./database-commands.js";
import { addDoctorCommand } from "./doctor-command.js";
import { addDevCommand } from "./dev-command.js";
import { addManagerCommand } from "./manager-command.js";
import { describeError, UsageError } from "./process.js";
import { addRunsCommand } from "./runs-command.js";
import { addSchedulesCommand } from "./schedules-command.js";
import { addStatusCommand } from "./status-command.js";
import { addSyncCommand } from "./sync-command.js";
import { addSchedulerCommand } from "./scheduler-command.js";
import { addWorkerCommands } from "./worker-commands.js";
import { addWorkersCommand } from "./workers-command.js";

const program = new Command("indexer")
  .description(
    "One GraphQL endpoint over blockchain data: stored in PostgreSQL, fetched on demand by workers, verified for completeness.",
  )
  .version(version)
  .showHelpAfterError("Run the command with --help for its usage.")
  .configureHelp({ showGlobalOptions: true })
  .exitOverride();

addDevCommand(program);
addManagerCommand(program);
addWorkerCommands(program);
addSchedulerCommand(program);
addDatabaseCommands(program);
addStatusCommand(program);
addWorkersCommand(program);
addCheckCommand(program);
addSyncCommand(program);
addRunsCommand(program);
addSchedulesCommand(program);
addConfigCommand(program);
addDoctorCommand(program);

try {
  await program.parseAsync();
  // All components are stopped; a library's open handle must not keep the process alive.
  process.exit();
} catch (error) {
  process.exit(exitCodeOf(error));
}

/** Returns 0 for --help and --version, 2 for wrong usage, 1 for any other failure. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`${describeError(error)}\n`);
  return error instanceof ConfigError || error instanceof UsageError ? 2 : 1;
}
