// The rows that belong to blocks: transactions, their accounts and their types, added and deleted by height.
// The caller holds the row locks of the blocks; imports only domain and its neighbours in the store.
import type { Height } from "../domain/height.js";
import type { TransactionLines } from "./batch-rows.js";
import { accountTransactionTable, transactionTable, typeTransactionTable } from "./columns/tables.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";

const tables = {
  transactions: transactionTable,
  accounts: accountTransactionTable,
  types: typeTransactionTable,
} as const;

/** Adds lines with one COPY for each table. */
export async function copyRows(sql: SqlTransaction, list: readonly TransactionLines[]): Promise<void> {
  for (const kind of ["transactions", "accounts", "types"] as const) {
    const lines = list.map((each) => each[kind]).join("");
    if (lines !== "") await sql.copy(tables[kind].copyTarget, lines);
  }
}

/** Deletes the rows of these heights. Finds list rows through their transactions, so that no table is scanned. */
export async function deleteRows(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly Height[],
): Promise<void> {
  if (heights.length === 0) return;
  await sql.query({
    text: `with gone as (
             delete from "transaction" where chain_id = $1::int4 and height = any($2::int8[])
             returning height, "index", parties, types),
           accounts as (
             delete from account_transaction a using gone, unnest(gone.parties) as party (account)
             where a.chain_id = $1::int4 and a.account = party.account and a.height = gone.height and a."index" = gone."index")
           delete from type_transaction k using gone, unnest(gone.types) as kind (type)
           where k.chain_id = $1::int4 and k.type = kind.type and k.height = gone.height and k."index" = gone."index"`,
    values: [chainId, arrayLiteral(heights)],
  });
}

/**
 * Deletes every row of these heights, including list rows of missing transactions. Scans whole tables: only for heights that were
 * damaged manually.
 */
export async function purgeRows(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly Height[],
): Promise<void> {
  if (heights.length === 0) return;
  for (const { name } of Object.values(tables)) {
    await sql.query({
      text: `delete from ${name} where chain_id = $1 and height = any($2::int8[])`,
      values: [chainId, arrayLiteral(heights)],
    });
  }
}

/** Deletes blocks and their rows. */
export async function deleteHeights(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly Height[],
): Promise<void> {
  if (heights.length === 0) return;
  await deleteRows(sql, chainId, heights);
  await sql.query({
    text: "delete from block where chain_id = $1 and height = any($2::int8[])",
    values: [chainId, arrayLiteral(heights)],
  });
}
