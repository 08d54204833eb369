// Translates a transaction filter to SQL: the index that drives the search, and its conditions.
import type { ListFilter, TransactionFilter, TransactionPosition } from "../domain/search.js";
import { roles, transactionTable } from "./columns/tables.js";
import { hashSpellings } from "./hash-spellings.js";
import { heightConditions, timeConditions, type ChainTerms, type HeightLimits } from "./read-heights.js";
import type { Parameters } from "./read-parameters.js";

const { columns } = transactionTable;

/** Values of which a transaction must have at least one, and the table that lists them. */
interface ListCondition {
  readonly table: "account_transaction" | "type_transaction";
  readonly column: "account" | "type";
  /** The bit of `roles` that is needed. */
  readonly role?: number;
  readonly values: readonly string[];
}

/**
 * What drives a search: the transactions themselves, one range of a list's index, or several ranges to unite.
 * `key` names the alias that has chain_id, height and "index".
 */
export type Driver =
  | { readonly kind: "transactions"; readonly key: "t"; readonly from: string }
  | { readonly kind: "list"; readonly key: "k"; readonly from: string }
  | {
      readonly kind: "lists";
      readonly key: "k";
      readonly from: string;
      readonly column: string;
      readonly values: string;
    };

/** The driver and conditions of a search. */
export interface Search {
  readonly driver: Driver;
  /** All of them must hold. */
  readonly conditions: readonly string[];
}

/** Input of `searchOf`. */
export interface SearchRequest {
  readonly filter: TransactionFilter;
  readonly limits: HeightLimits;
  readonly chain: ChainTerms;
  /** Further conditions of the scan, on an alias that has height and "index". */
  readonly range?: (alias: string) => readonly string[];
}

/** Makes the search on one chain. */
export function searchOf(
  parameters: Parameters,
  { filter, limits, chain, range = () => [] }: SearchRequest,
): Search {
  const onHeight = heightConditions(parameters, chain, limits);
  const scanRange = (alias: string): string[] => [...onHeight(`${alias}.height`), ...range(alias)];
  const own = ownConditions(parameters, filter, limits);
  const lists = listConditionsOf(filter);
  const [first, ...others] = lists;

  if (filter.hash !== undefined || filter.blockHash !== undefined || first === undefined) {
    return {
      driver: { kind: "transactions", key: "t", from: transactionsFrom(parameters, filter, chain) },
      conditions: [
        ...blockConditions(parameters, filter, chain),
        ...scanRange("t"),
        ...own,
        ...lists.map((each) => listedIn(parameters, each, { key: "t", scanRange })),
      ],
    };
  }
  const [value, ...alternatives] = first.values;
  const single = value !== undefined && alternatives.length === 0;
  return {
    driver: single
      ? { kind: "list", key: "k", from: listFrom(first, own.length > 0) }
      : {
          kind: "lists",
          key: "k",
          from: listFrom(first, own.length > 0),
          column: `k.${first.column}`,
          values: parameters.texts(first.values),
        },
    conditions: [
      `k.chain_id = ${chain.id}`,
      ...(single ? [`k.${first.column} = ${parameters.text(value)}`] : []),
      ...roleCondition(first, "k"),
      ...scanRange("k"),
      // Joined in order with the list, the transactions' own index must be limited to the same range.
      ...(own.length > 0 ? [...own, ...scanRange("t")] : []),
      ...others.map((each) => listedIn(parameters, each, { key: "k", scanRange })),
    ],
  };
}

/** Conditions on columns of the transaction's own row. */
function ownConditions(parameters: Parameters, filter: TransactionFilter, { times }: HeightLimits): string[] {
  const { epoch, hasErrors, memo } = filter;
  return [
    ...timeConditions(parameters, times, `t.${columns.time.name}`),
    ...(epoch !== undefined ? [`t.${columns.epoch.name} = ${parameters.text(epoch)}`] : []),
    ...(hasErrors !== undefined ? [`${hasErrors ? "" : "not "}t.${columns.hasErrors.name}`] : []),
    // The second half is the condition of the index.
    ...(memo !== undefined
      ? [
          `t.memo_words @@ websearch_to_tsquery('simple', ${parameters.text(memo)})`,
          `t.${columns.memo.name} <> ''`,
        ]
      : []),
  ];
}

function transactionsFrom(parameters: Parameters, { hash }: TransactionFilter, chain: ChainTerms): string {
  if (hash === undefined) return `"transaction" t`;
  // `offset 0` keeps the order out of the choice of the index: by hash, never from the newest downward.
  return `(select * from "transaction" where chain_id = ${chain.id}
            and ${columns.hash.name} = any(${parameters.texts(hashSpellings(hash))}) offset 0) t`;
}

function blockConditions(
  parameters: Parameters,
  { blockHash }: TransactionFilter,
  chain: ChainTerms,
): string[] {
  if (blockHash === undefined) return [`t.chain_id = ${chain.id}`];
  const spellings = parameters.texts(hashSpellings(blockHash));
  return [
    `t.chain_id = ${chain.id}`,
    `t.${columns.blockHash.name} = any(${spellings})`,
    `t.height = any(array(select b.height from block b where b.chain_id = ${chain.id} and b.hash = any(${spellings})))`,
  ];
}

/** The list conditions of a filter, ordered by expected selectivity. */
function listConditionsOf({ types, accounts, senders, recipients }: TransactionFilter): ListCondition[] {
  // Senders and recipients are parties too, so that a party needs no bit: its index alone answers.
  const account = { table: "account_transaction", column: "account" } as const;
  const lists: ListCondition[] = [
    ...conditionsOf(senders, { ...account, role: roles.sender }),
    ...conditionsOf(recipients, { ...account, role: roles.recipient }),
    ...conditionsOf(accounts, account),
    ...conditionsOf(types, { table: "type_transaction", column: "type" }),
  ];
  const rank = ({ values, column }: ListCondition): number =>
    (values.length === 1 ? 0 : 2) + (column === "account" ? 0 : 1);
  return lists.sort((a, b) => rank(a) - rank(b));
}

function conditionsOf(filter: ListFilter | undefined, where: Omit<ListCondition, "values">): ListCondition[] {
  if (filter === undefined) return [];
  if ("any" in filter) return [{ ...where, values: [...new Set(filter.any)] }];
  return [...new Set(filter.all)].map((value) => ({ ...where, values: [value] }));
}

function listFrom({ table }: ListCondition, needsRow: boolean): string {
  if (!needsRow) return `${table} k`;
  return `${table} k join "transaction" t on t.chain_id = k.chain_id and t.height = k.height and t."index" = k."index"`;
}

/** That a transaction is listed under a value; with one value the planner may drive from here just as well. */
function listedIn(
  parameters: Parameters,
  lists: ListCondition,
  { key, scanRange }: { readonly key: string; readonly scanRange: (alias: string) => string[] },
): string {
  const { table, column, values } = lists;
  const [value, ...others] = values;
  const match =
    value !== undefined && others.length === 0
      ? `x.${column} = ${parameters.text(value)}`
      : `x.${column} = any(${parameters.texts(values)})`;
  const same = `x.chain_id = ${key}.chain_id and x.height = ${key}.height and x."index" = ${key}."index"`;
  const where = [match, same, ...roleCondition(lists, "x"), ...scanRange("x")];
  return `exists (select from ${table} x where ${where.join(" and ")})`;
}

function roleCondition({ role }: ListCondition, alias: string): string[] {
  return role === undefined ? [] : [`${alias}.roles & ${role} <> 0`];
}

/**
 * Conditions that hold the scan to one side of a position in the total order (height, index), then chain: what stands at the
 * position itself is within only where it is `included`.
 */
export function keysetPredicate(
  parameters: Parameters,
  chain: ChainTerms,
  { position, chainId, ascending, included }: KeysetBound,
): (alias: string) => string {
  const height = parameters.int8(position.height);
  const index = parameters.int8(position.index);
  const at = parameters.int4(chainId);
  // Of a chain on the far side of the position's own chain, the same (height, index) is within; else the next one is.
  const within = `${chain.id} ${ascending ? ">" : "<"}${included ? "=" : ""} ${at}`;
  const step = ascending ? "+" : "-";
  return (alias) =>
    `(${alias}.height, ${alias}."index") ${ascending ? ">=" : "<="} (${height}, ${index} ${step} (not ${within})::int4)`;
}

/** One side of a keyset scan. */
export interface KeysetBound {
  readonly position: TransactionPosition;
  readonly chainId: number;
  readonly ascending: boolean;
  readonly included: boolean;
}
