// The store, put together over one database.
// Imports only domain, lib, generated and its neighbours; never shows a row or an SQL word.
import { PrismaClient } from "../generated/prisma/client.js";
import { Counter, type Metrics } from "../lib/metrics.js";
import { createChainIds } from "./chain-ids.js";
import { createChains } from "./chains.js";
import { createCoverage } from "./coverage.js";
import { createQuarantine } from "./quarantine.js";
import { checkMigrated, migrate } from "./migrations.js";
import { openDatabase, type DatabaseOptions } from "./open-database.js";
import { createOutbox } from "./outbox.js";
import type { Store } from "./port.js";
import { createBlockReads } from "./read-blocks.js";
import { createTransactionReads } from "./read-transactions.js";
import { keepStatistics } from "./statistics.js";
import type { Database } from "./sql.js";
import { createWrite } from "./write.js";

export interface StoreOptions extends DatabaseOptions {
  /** Applies what migrations are pending; always so for the embedded database, which nobody else migrates. */
  readonly migrate?: boolean;
  /** Where what is counted here is shown. */
  readonly metrics?: Metrics;
}

/** Opens the store. Rejects with the mend where the database does not open or is not migrated. */
export async function createStore(options: StoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  return storeOver(database, options);
}

/** Puts the store together over an open database, which it closes. */
export async function storeOver(database: Database, options: StoreOptions): Promise<Store> {
  try {
    if (options.migrate === true || options.databaseUrl === undefined) {
      for (const name of await migrate(database))
        options.logger.info({ migration: name }, "A migration was applied.");
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
    help: "NUL characters and halves of surrogate pairs left out of stored text, since PostgreSQL takes neither.",
    registers: [metrics],
  });
  return (characters) => counter.inc(characters);
}
