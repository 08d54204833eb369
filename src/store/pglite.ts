// PGlite behind the store's SQL port: PostgreSQL as WebAssembly in this process, one connection.
// Imports only the port.
import { PGlite, type PGliteInterface, type Transaction } from "@electric-sql/pglite";
import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { databaseFailure } from "./failures.js";
import type { Database, SqlTransaction, Statement } from "./sql.js";

const int8 = 20;
const parsers = { [int8]: BigInt };

/** Where an embedded database lives. */
export interface PgliteOptions {
  /** The folder of its files; without it, the database is in memory. */
  readonly folder?: string;
  /** The initial contents, as `PGlite.dumpDataDir` writes them; without it, an empty database is created. */
  readonly template?: Blob;
}

/** Opens an embedded database, which is created if the folder does not hold one. */
export async function openPglite({ folder, template }: PgliteOptions): Promise<Database> {
  const pglite = await PGlite.create({
    ...(folder !== undefined && { dataDir: folder }),
    ...(template !== undefined && { loadDataDir: template }),
  }).catch(throwFailure);
  return {
    kind: "pglite",
    query: (statement) => run(pglite, statement),
    transaction: async (work) => {
      try {
        return await pglite.transaction((open) => work(createSqlTransaction(open)));
      } catch (error) {
        throw databaseFailure(error);
      }
    },
    prismaAdapter: prismaAdapter(pglite),
    close: () => pglite.close(),
  };
}

/** The adapter is built against an older patch of Prisma's own types; at run time they are the same. */
function prismaAdapter(pglite: PGlite): SqlDriverAdapterFactory {
  return new PrismaPGlite(pglite);
}

function createSqlTransaction(open: Transaction): SqlTransaction {
  return {
    query: (statement) => run(open, statement),
    copy: async (into, lines) => {
      await open.query(`copy ${into} from '/dev/blob'`, [], { blob: new Blob([lines]) }).catch(throwFailure);
    },
    script: async (text) => void (await open.exec(text).catch(throwFailure)),
  };
}

async function run<Row extends object>(
  target: Pick<PGliteInterface, "query">,
  { text, values }: Statement,
): Promise<readonly Row[]> {
  try {
    return (await target.query<Row>(text, values === undefined ? [] : [...values], { parsers })).rows;
  } catch (error) {
    throw databaseFailure(error);
  }
}

function throwFailure(error: unknown): never {
  throw databaseFailure(error);
}
