// A stored type as one list of columns, from which its COPY lines, parameters, SELECT lists and row mapper derive.
// Imports only the column types and the SQL port; never runs a statement.
import type { ChainRef } from "../../domain/chain.js";
import type { Tally } from "../clean-text.js";
import { copyText, type CopyValue } from "../copy-text.js";
import { arrayLiteral } from "../sql.js";
import type { ColumnType } from "./column-types.js";

/** One column of a stored type. */
export interface Column<Value> {
  /** The column's name as SQL writes it, quoted if it is a reserved word. */
  readonly name: string;
  readonly type: ColumnType<Value>;
  /** The column is expensive to read: a SELECT list holds it only if the caller selects it. */
  readonly costly?: boolean;
  /** The value returned if the column is not selected; without it the property is absent. */
  readonly unselected?: Value;
}

/** One column for each property of a type. A property without a column does not compile. */
export type Columns<T> = { readonly [Key in keyof T]-?: Column<T[Key]> };

/** A row as both drivers return it, by column name. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** The costly columns to read, by property. */
export type CostlySelection = Readonly<Record<string, boolean>>;

/** The SQL of one stored type. Every table has `chain_id` beside its columns. */
export interface Table<T> {
  /** The name as SQL writes it. */
  readonly name: string;
  readonly columns: Columns<T>;
  /** The column names in order, without `chain_id`. */
  readonly names: readonly string[];
  /** The target of a COPY: the table with `chain_id` and its columns. */
  readonly copyTarget: string;
  /**
   * One line of COPY text without `chain_id`, its line end included. `derived` holds the properties that `item` lacks: joining
   * both into one object would cost as much as the line itself.
   */
  copyColumns<Key extends keyof T = never>(item: Omit<T, Key>, tally?: Tally, derived?: Pick<T, Key>): string;
  /** One value for each column, as one array literal per column over all items. */
  arrays(items: readonly T[], tally?: Tally): string[];
  /** `unnest` arguments for those arrays: `$2::int8[], $3::text[]` if `first` is 2. */
  arrayParameters(first: number): string;
  /** A SELECT list with the alias in front of each column; costly columns only if selected. */
  selectList(alias: string, selection?: CostlySelection): string;
  /** One digit per costly column: distinguishes prepared statements that differ only in their SELECT list. */
  selectionKey(selection: CostlySelection): string;
  /** Maps a row of a chain to the type. A column that is NULL or was not selected is absent, or has its `unselected` value. */
  read(chain: ChainRef, row: StoredRow): T & { readonly chain: ChainRef };
}

interface ErasedColumn extends Column<unknown> {
  readonly key: string;
  /** The name in a row. */
  readonly rowName: string;
}

/** Derives a table's SQL from its columns. The order of the columns is the order of COPY lines and digests. */
export function createTable<T>(name: string, columns: Columns<T>): Table<T> {
  const list = Object.entries<Column<unknown>>(columns as Record<string, Column<unknown>>).map(
    ([key, column]): ErasedColumn => ({ ...column, key, rowName: column.name.replaceAll('"', "") }),
  );
  const names = list.map((column) => column.name);
  const costly = list.filter((column) => column.costly === true);
  const valueOf = (item: T, { key, type }: ErasedColumn, tally: Tally | undefined): CopyValue => {
    const value: unknown = item[key as keyof T];
    return value === undefined ? null : type.toSql(value, tally);
  };
  return {
    name,
    columns,
    names,
    copyTarget: `${name} (${["chain_id", ...names].join(", ")})`,
    copyColumns(item, tally, derived) {
      const cells = list.map((column) => {
        const source = derived !== undefined && column.key in derived ? derived : item;
        return copyText(valueOf(source as T, column, tally));
      });
      return `${cells.join("\t")}\n`;
    },
    arrays: (items, tally) =>
      list.map((column) => arrayLiteral(items.map((item) => scalar(valueOf(item, column, tally))))),
    arrayParameters: (first) => list.map(({ type }, at) => `$${first + at}::${type.sql}[]`).join(", "),
    selectList: (alias, selection = {}) =>
      list
        .filter((column) => column.costly !== true || selection[column.key] === true)
        .map((column) => `${alias}.${column.name}`)
        .join(", "),
    selectionKey: (selection) => costly.map(({ key }) => (selection[key] === true ? "1" : "0")).join(""),
    read(chain, row) {
      const item: Record<string, unknown> = { chain };
      for (const { key, rowName, type, unselected } of list) {
        const stored = row[rowName];
        if (stored !== null && stored !== undefined) item[key] = type.fromSql(stored);
        else if (unselected !== undefined) item[key] = unselected;
      }
      return item as T & { readonly chain: ChainRef };
    },
  };
}

function scalar(value: CopyValue): string | number | bigint | boolean | null {
  if (value === undefined || value === null || typeof value !== "object") return value ?? null;
  throw new TypeError("A column of bytes or lists has no array parameter: store it by COPY.");
}
