// PGlite behind the store's SQL port: PostgreSQL as WebAssembly in this process, one connection.
// Imports only the port.
import { PGlite, type PGliteInterface, type Transaction } from "@electric-sql/pglite";
import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { databaseFailure } from "./failures.js";
import type { Database, SqlTransaction, Statement } from "./sql.js";

const int8 = 20;
const parsers = { [int8]: BigInt };

/** Opens the database of a folder; without one, a database in memory. */
export async function openPglite(folder: string | undefined): Promise<Database> {
  const pglite = await PGlite.create({ ...(folder !== undefined && { dataDir: folder }) }).catch(refuse);
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
      await open.query(`copy ${into} from '/dev/blob'`, [], { blob: new Blob([lines]) }).catch(refuse);
    },
    script: async (text) => void (await open.exec(text).catch(refuse)),
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

function refuse(error: unknown): never {
  throw databaseFailure(error);
}
