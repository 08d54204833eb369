// Opens the database that is configured: PostgreSQL by URL, else the embedded one in a folder.
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { IndexerError } from "../domain/errors.js";
import type { Logger } from "../lib/logger.js";
import { lockFolder } from "./folder-lock.js";
import { openPglite } from "./pglite.js";
import { createPostgres } from "./postgres.js";
import type { Database } from "./sql.js";

/** Options that select and configure the database. */
export interface DatabaseOptions {
  /** PostgreSQL to use; without it the embedded database. */
  readonly databaseUrl?: string;
  /** Folder of the embedded database; without it, one in memory. */
  readonly folder?: string;
  /** Initial contents of a database in memory, as `PGlite.dumpDataDir` writes them; saves its creation. */
  readonly template?: Blob;
  /** Connections to PostgreSQL at most; default 10. */
  readonly poolSize?: number;
  readonly logger: Logger;
}

const readTimeoutMs = 10_000;
const dataFolder = "pgdata";

/** Opens the database without migrating it. */
export async function openDatabase({
  databaseUrl,
  folder,
  template,
  poolSize = 10,
  logger,
}: DatabaseOptions): Promise<Database> {
  if (databaseUrl !== undefined) return createPostgres({ url: databaseUrl, poolSize, readTimeoutMs, logger });
  if (folder === undefined) return openPglite(template === undefined ? {} : { template });
  const unlock = lockFolder(folder);
  try {
    const database = await openPglite({ folder: join(folder, dataFolder) });
    return {
      ...database,
      close: async () => {
        await database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw new IndexerError(
      "CONFLICT",
      `The embedded database in ${folder} does not open. Run 'indexer db rebuild' to move it aside and create a new one.`,
      {},
      { cause: error },
    );
  }
}

/** Moves an embedded database aside for inspection. Returns its new path, or undefined if there was none. */
export function setAside(folder: string): string | undefined {
  const unlock = lockFolder(folder);
  try {
    const from = join(folder, dataFolder);
    if (!existsSync(from)) return undefined;
    const to = join(folder, `${dataFolder}-${new Date().toISOString().replace(/[:.]/g, "-")}`);
    renameSync(from, to);
    return to;
  } finally {
    unlock();
  }
}
