// The store's SQL port: one small interface over PostgreSQL and PGlite.
// Imports nothing of this project. int8 comes as bigint, numeric as text, bytea as Uint8Array.
// Both implementations throw IndexerErrors whose cause is the driver's error (failures.ts).
import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";

/** One statement. A name prepares it once per connection; only constant texts have names. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}

/** Runs statements: the database, or a transaction on it. */
export interface Sql {
  query<Row extends object>(statement: Statement): Promise<readonly Row[]>;
}

/** An open transaction. */
export interface SqlTransaction extends Sql {
  /** Adds rows in COPY's text format (copy-text.ts): `into` is `table (column, …)`. */
  copy(into: string, lines: string): Promise<void>;
  /** Runs statements separated by semicolons. */
  script(text: string): Promise<void>;
}

/** Options of a transaction. */
export interface TransactionOptions {
  /** Milliseconds for each statement; 0 is no limit. */
  readonly statementTimeoutMs: number;
}

/** A database. Statements outside of a transaction are reads or small, and have the reads' time limit. */
export interface Database extends Sql {
  /** `postgres` or `pglite`. */
  readonly kind: string;
  /** Commits what `work` did, or rolls it back if `work` throws. */
  transaction<T>(work: (sql: SqlTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** The same connections, for Prisma's client. */
  readonly prismaAdapter: SqlDriverAdapterFactory;
  close(): Promise<void>;
}

/** A list as PostgreSQL's array literal, which both drivers pass on as it is. */
export function arrayLiteral(
  items: readonly (string | number | bigint | boolean | null | undefined)[],
): string {
  const parts = items.map((item) => {
    if (item === null || item === undefined) return "NULL";
    return typeof item === "string" ? `"${item.replace(/["\\]/g, "\\$&")}"` : item.toString();
  });
  return `{${parts.join(",")}}`;
}
