// `indexer db migrate|status|rebuild`
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
import { configure } from "./config.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";

const databaseSettings = {
  databaseUrl: managerSettings.databaseUrl,
  dataFolder: managerSettings.dataFolder,
  logLevel: { ...managerSettings.logLevel, fallback: "warn" },
} as const satisfies Settings;

export function addDatabaseCommands(program: Command): void {
  const db = program.command("db").description("Look after the database that the manager stores in.");

  addSettings(
    db.command("migrate").description("Apply the migrations that are pending."),
    databaseSettings,
  ).action(async (options: GivenOptions) => {
    const applied = await migrateDatabase(targetOf(options));
    for (const name of applied) say(`Applied ${name}.`);
    if (applied.length === 0) say("The database is up to date.");
  });

  addSettings(
    db
      .command("status")
      .description("Tell which migrations are applied and which are not; exit code 1 where one is missing."),
    databaseSettings,
  ).action(async (options: GivenOptions) => {
    const { applied, pending, failed, changed, unknown } = await statusOfDatabase(targetOf(options));
    for (const name of applied)
      say(`applied  ${name}${changed.includes(name) ? "  (the file has changed since)" : ""}`);
    for (const name of unknown) say(`unknown  ${name}  (of a newer version)`);
    for (const name of failed) say(`failed   ${name}  (mend the database, then 'prisma migrate resolve')`);
    for (const name of pending) say(`pending  ${name}  (run 'indexer db migrate')`);
    if (pending.length + failed.length > 0) process.exitCode = 1;
  });

  addSettings(
    db
      .command("rebuild")
      .description("Set a damaged embedded database aside and begin an empty one; nothing is deleted."),
    databaseSettings,
  ).action(async (options: GivenOptions) => {
    const { dataFolder } = configure(databaseSettings, givenFlags(databaseSettings, options), options.config);
    const aside = await rebuildDatabase(targetOf(options));
    if (aside !== undefined) say(`The old database is in ${aside} now.`);
    say(`An empty database is in ${dataFolder}.`);
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

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
