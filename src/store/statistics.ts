// What the planner knows of the tables' contents. Without it, a page of the newest can turn into a sort of everything. The embedded
// database never gathers it by itself, and PostgreSQL's autovacuum comes minutes after the first large backfill.
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

/** Transactions from which on a plan matters. */
const smallest = 5_000;

/** Writes, and has statistics gathered each time the transactions have doubled, unless the database has done so by itself. */
export function keepStatistics(database: Database, write: Store["write"]): Store["write"] {
  let known = 0;
  let added = 0;
  return async (batch) => {
    const result = await write(batch);
    added += result.transactions;
    if (added < Math.max(smallest, known)) return result;
    const before = { known, added };
    // At once, so that writers who end meanwhile do not do the same.
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

/** Answers how many transactions the statistics speak of now. */
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
