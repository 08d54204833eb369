// Planner statistics. Without them, a page of the newest rows may sort the whole table. The embedded database never gathers
// them, and PostgreSQL's autovacuum runs minutes after the first large backfill.
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

/** Minimum number of transactions at which plans matter. */
const smallest = 5_000;

/** Wraps `write`: gathers statistics each time the transactions double, unless the database has gathered them. */
export function keepStatistics(database: Database, write: Store["write"]): Store["write"] {
  let known = 0;
  let added = 0;
  return async (batch) => {
    const result = await write(batch);
    added += result.transactions;
    if (added < Math.max(smallest, known)) return result;
    const before = { known, added };
    // Set before the query, so that concurrent writers do not repeat it.
    known += added;
    added = 0;
    // The batch is committed: statistics are no reason to call it failed, and the next doubling tries again.
    await gather(database, before).then(
      (rows) => void (known = rows),
      () => {},
    );
    return result;
  };
}

/** Returns the number of transactions in the current statistics. */
async function gather(
  database: Database,
  { known, added }: { readonly known: number; readonly added: number },
): Promise<number> {
  const found = await counted(database);
  if (found >= known + added / 2) return found;
  await database.query({
    text: `analyze chain, block, "transaction", account_transaction, type_transaction`,
  });
  return counted(database);
}

async function counted(database: Database): Promise<number> {
  const [row] = await database.query<{ rows: number }>({
    text: `select greatest(reltuples, 0)::float8 as rows from pg_class where oid = '"transaction"'::regclass`,
  });
  return row?.rows ?? 0;
}
