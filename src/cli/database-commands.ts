// `indexer db`: migrates, inspects, rebuilds, exports and imports the manager's database.
// Imports only lib, store, the manager's settings and this folder.
// Never speaks to a manager.
import type { Command } from "commander";
import type { Settings } from "../lib/config.js";
import { createLogger } from "../lib/logger.js";
import { managerSettings } from "../manager/config.js";
import {
  migrateDatabase,
  rebuildDatabase,
  statusOfDatabase,
  type DatabaseTarget,
} from "../store/administer.js";
import { addArchiveCommands } from "./archive-commands.js";
import { configure } from "./config.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { printLine } from "./output.js";

const databaseSettings = {
  databaseUrl: managerSettings.databaseUrl,
  dataFolder: managerSettings.dataFolder,
  logLevel: { ...managerSettings.logLevel, fallback: "warn" },
} as const satisfies Settings;

/** Adds `db` with its commands. */
export function addDatabaseCommands(program: Command): void {
  const db = program.command("db").description("Administer the manager's database.");

  addArchiveCommands(db, databaseSettings);
  addSettings(db.command("migrate").description("Apply pending migrations."), databaseSettings).action(
    async (options: GivenOptions) => {
      const applied = await migrateDatabase(targetOf(options));
      for (const name of applied) printLine(`Applied ${name}.`);
      if (applied.length === 0) printLine("The database is up to date.");
    },
  );

  addSettings(
    db
      .command("status")
      .description("List applied and pending migrations; exit code 1 if a migration is pending or failed."),
    databaseSettings,
  ).action(async (options: GivenOptions) => {
    const { applied, pending, failed, changed, unknown } = await statusOfDatabase(targetOf(options));
    for (const name of applied)
      printLine(
        `applied  ${name}${changed.includes(name) ? "  (its file changed after it was applied)" : ""}`,
      );
    for (const name of unknown) printLine(`unknown  ${name}  (from a newer version)`);
    for (const name of failed)
      printLine(`failed   ${name}  (repair the database, then run 'prisma migrate resolve')`);
    for (const name of pending) printLine(`pending  ${name}  (run 'indexer db migrate')`);
    if (pending.length + failed.length > 0) process.exitCode = 1;
  });

  addSettings(
    db
      .command("rebuild")
      .description("Move a damaged embedded database aside and create an empty one; deletes nothing."),
    databaseSettings,
  ).action(async (options: GivenOptions) => {
    const { dataFolder } = configure(databaseSettings, givenFlags(databaseSettings, options), options.config);
    const movedTo = await rebuildDatabase(targetOf(options));
    if (movedTo !== undefined) printLine(`Moved the old database to ${movedTo}.`);
    printLine(`Created an empty database in ${dataFolder}.`);
  });
}

function targetOf(options: GivenOptions): DatabaseTarget {
  const config = configure(databaseSettings, givenFlags(databaseSettings, options), options.config);
  return {
    folder: config.dataFolder,
    logger: createLogger({ level: config.logLevel }),
    ...(config.databaseUrl !== undefined && { databaseUrl: config.databaseUrl }),
  };
}
