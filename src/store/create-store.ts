// Assembles the store over one database.
// Imports only domain, lib, generated and its neighbours; exposes no rows and no SQL.
import { PrismaClient } from "../generated/prisma/client.js";
import { Counter, type Metrics } from "../lib/metrics.js";
import { createChainIds } from "./chain-ids.js";
import { createChains } from "./chains.js";
import { createCoverage } from "./coverage.js";
import { createLeases } from "./leases.js";
import { createQuarantine } from "./quarantine.js";
import { checkMigrated, migrate } from "./migrations.js";
import { openDatabase, type DatabaseOptions } from "./open-database.js";
import { createRunChunks } from "./run-chunks.js";
import { createRuns } from "./runs.js";
import { createOutbox } from "./outbox.js";
import type { Store } from "./port.js";
import { createBlockReads } from "./read-blocks.js";
import { createTransactionReads } from "./read-transactions.js";
import { keepStatistics } from "./statistics.js";
import type { Database } from "./sql.js";
import { createSchedules } from "./schedules.js";
import { createWrite } from "./write.js";

/** Options of the store. */
export interface StoreOptions extends DatabaseOptions {
  /** Applies pending migrations. The embedded database is always migrated. */
  readonly migrate?: boolean;
  /** Registers the store's metrics. */
  readonly metrics?: Metrics;
}

/** Opens the store. Rejects, with the next step, if the database does not open or is not migrated. */
export async function createStore(options: StoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  return storeOver(database, options);
}

/** Assembles the store over an open database, which the store closes. */
export async function storeOver(database: Database, options: StoreOptions): Promise<Store> {
  try {
    if (options.migrate === true || options.databaseUrl === undefined) {
      for (const name of await migrate(database))
        options.logger.info({ migration: name }, "Migration applied.");
    }
    await checkMigrated(database);
  } catch (error) {
    await database.close();
    throw error;
  }

  const prisma = new PrismaClient({ adapter: database.prismaAdapter });
  const chainIds = createChainIds(prisma);
  const deps = { database, prisma, chainIds };
  return {
    kind: database.kind,
    write: keepStatistics(
      database,
      createWrite({ ...deps, logger: options.logger, onRemoved: removedCounter(options.metrics) }),
    ),
    ...createChains(deps),
    ...createBlockReads(deps),
    ...createTransactionReads(deps),
    ...createCoverage(deps),
    ...createQuarantine(deps),
    ...createOutbox(deps),
    ...createRuns(deps),
    ...createRunChunks(deps),
    ...createSchedules(deps),
    ...createLeases(deps),
    ready: async () => {
      await checkMigrated(database);
    },
    close: async () => {
      await prisma.$disconnect();
      await database.close();
    },
  };
}

function removedCounter(metrics: Metrics | undefined): (characters: number) => void {
  if (metrics === undefined) return () => {};
  const counter = new Counter({
    name: "indexer_store_removed_characters_total",
    help: "NUL characters and lone surrogates removed from stored text, because PostgreSQL rejects them.",
    registers: [metrics],
  });
  return (characters) => counter.inc(characters);
}
