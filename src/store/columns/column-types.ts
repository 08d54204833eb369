// Conversions between domain values and PostgreSQL types, one entry per type.
// Imports only the text cleaning of the store.
import { cleanJson, cleanText, type Tally } from "../clean-text.js";
import type { CopyValue } from "../copy-text.js";

/** A PostgreSQL type with its conversions. Absent values are NULL and never reach the conversions. */
export interface ColumnType<Value> {
  /** The name of the type in SQL. */
  readonly sql: string;
  /** Converts to what COPY and array parameters take; null stores NULL. Counts removed characters in `tally`. */
  toSql(value: Value, tally?: Tally): CopyValue;
  /** Converts from what both drivers return. */
  fromSql(stored: unknown): Value;
}

/** A whole number within 2^53, as int8. */
export const heightType: ColumnType<number> = { sql: "int8", toSql: same, fromSql: Number };
/** A whole number within 2^31. */
export const int4: ColumnType<number> = { sql: "int4", toSql: same, fromSql: Number };
/** A whole number within 2^15. */
export const int2: ColumnType<number> = { sql: "int2", toSql: same, fromSql: Number };
/** Nanoseconds since 1970. */
export const unixNanos: ColumnType<bigint> = {
  sql: "int8",
  toSql: same,
  fromSql: (stored) => stored as bigint,
};
/** A whole number of any size. */
export const integer: ColumnType<bigint> = {
  sql: "numeric",
  toSql: same,
  fromSql: (stored) => BigInt(stored as string),
};
/** True or false. */
export const bool: ColumnType<boolean> = { sql: "bool", toSql: same, fromSql: (stored) => stored as boolean };
/** Text without the characters that PostgreSQL rejects. */
export const requiredText: ColumnType<string> = {
  sql: "text",
  toSql: cleanText,
  fromSql: (stored) => stored as string,
};
/** Text; the empty string is stored as NULL and read as absent. */
export const optionalText: ColumnType<string> = {
  ...requiredText,
  toSql: (value, tally) => (value === "" ? null : cleanText(value, tally)),
};
/** A list of texts that the caller has cleaned. */
export const texts: ColumnType<readonly string[]> = {
  sql: "text[]",
  toSql: same,
  fromSql: (stored) => stored as readonly string[],
};
/** Bytes, unchanged. */
export const bytes: ColumnType<Uint8Array> = {
  sql: "bytea",
  toSql: same,
  fromSql: (stored) => stored as Uint8Array,
};

/** A JSON value, not validated when read. */
export function json<Value>(): ColumnType<Value> {
  return { sql: "jsonb", toSql: cleanJson, fromSql: (stored) => stored as Value };
}

function same<Value>(value: Value): Value {
  return value;
}
