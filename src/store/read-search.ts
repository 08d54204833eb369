// The statements of a search for transactions: a page over all chains, and a count.
import type { TransactionFilter, TransactionPosition } from "../domain/search.js";
import { cleanText } from "./clean-text.js";
import { transactionTable } from "./columns/tables.js";
import type { TransactionColumns } from "./port.js";
import { keysetPredicate, searchOf, type Search } from "./read-filter.js";
import type { ChainTerms, HeightLimits } from "./read-heights.js";
import type { Scan } from "./select-page.js";
import { createParameters, type Parameters } from "./read-parameters.js";
import type { Statement } from "./sql.js";

/** A position with the number of its chain, which is the last key of the order. */
interface NumberedPosition {
  readonly position: TransactionPosition;
  readonly chainId: number;
}

/** A keyset scan with numbered chains. */
export type ScanRange = Scan<NumberedPosition>;

/** Input of `scanStatement`. */
export interface ScanRequest {
  readonly filter: TransactionFilter;
  readonly limits: HeightLimits;
  readonly columns: TransactionColumns;
  readonly range: ScanRange;
}

/**
 * The statement of one scan. Each chain contributes its first rows from an index range, so at most page size times chains
 * rows are sorted.
 */
export function scanStatement({ filter, limits, columns, range }: ScanRequest): Statement {
  const parameters = createParameters();
  const chain: ChainTerms = { id: "c.id", timeOrdered: "c.time_ordered" };
  const { ascending, from, until } = range;
  const bounds = [
    ...(from !== undefined
      ? [keysetPredicate(parameters, chain, { ...from, ascending, included: true })]
      : []),
    ...(until !== undefined
      ? [keysetPredicate(parameters, chain, { ...until, ascending: !ascending, included: false })]
      : []),
  ];
  const search = searchOf(parameters, {
    filter,
    limits,
    chain,
    range: (alias) => bounds.map((bound) => bound(alias)),
  });
  const limit = parameters.int4(range.limit);
  const order = (alias: string): string => {
    const way = ascending ? "asc" : "desc";
    return `order by ${alias}.height ${way}, ${alias}."index" ${way}, ${alias}.chain_id ${way}`;
  };
  const cut = (alias: string): string => `${order(alias)} limit ${limit}`;
  const chains = chainConditions(parameters, filter);
  const list = transactionList(columns);

  if (search.driver.kind === "transactions") {
    const text = `select ${list} from chain c
      cross join lateral (select ${list} from ${search.driver.from} where ${search.conditions.join(" and ")} ${cut("t")}) t
      where ${chains} ${cut("t")}`;
    return { text, values: parameters.values };
  }
  const text = `select ${list} from (
      select k.chain_id, k.height, k."index" from chain c
      cross join lateral (${keysOf(search, cut)}) k where ${chains} ${cut("k")}) p
    join "transaction" t on t.chain_id = p.chain_id and t.height = p.height and t."index" = p."index" ${order("t")}`;
  return { text, values: parameters.values };
}

/** The SELECT list of transactions of `t` with the number of their chain. */
export function transactionList(columns: TransactionColumns): string {
  return `t.chain_id, ${transactionTable.selectList("t", columns)}`;
}

const keys = `k.chain_id, k.height, k."index"`;

/** The keys of one chain's first rows. */
function keysOf({ driver, conditions }: Search, cut: (alias: string) => string): string {
  const where = conditions.join(" and ");
  if (driver.kind !== "lists") return `select ${keys} from ${driver.from} where ${where} ${cut("k")}`;
  // Each value's own first rows suffice: what two values share is taken once.
  return `select distinct ${keys} from unnest(${driver.values}) as value (value)
    cross join lateral (select ${keys} from ${driver.from}
      where ${driver.column} = value.value and ${where} ${cut("k")}) k ${cut("k")}`;
}

function chainConditions(parameters: Parameters, { network, chainIds }: TransactionFilter): string {
  // No stored chain has characters in its name that PostgreSQL rejects.
  const storable = (name: string): boolean => cleanText(name) === name;
  if (network !== undefined && !storable(network)) return "false";
  return [
    "true",
    ...(network !== undefined ? [`c.network = ${parameters.text(network)}`] : []),
    ...(chainIds !== undefined ? [`c.chain_id = any(${parameters.texts(chainIds.filter(storable))})`] : []),
  ].join(" and ");
}

/** Input of `countStatement`. */
export interface CountRequest {
  readonly filter: TransactionFilter;
  readonly limits: HeightLimits;
  /** Numbers of the chains to count on. */
  readonly ids: readonly number[];
}

/** A statement with a row for each transaction that is found. Chains stand in it as values, which the planner estimates well. */
export function countStatement({ filter, limits, ids }: CountRequest): Statement {
  const parameters = createParameters();
  const parts = ids.map((id) => {
    const number = parameters.int4(id);
    const chain = { id: number, timeOrdered: `(select time_ordered from chain where id = ${number})` };
    const { driver, conditions } = searchOf(parameters, { filter, limits, chain });
    const where = conditions.join(" and ");
    return driver.kind === "lists"
      ? `(select distinct ${keys} from ${driver.from} where ${driver.column} = any(${driver.values}) and ${where})`
      : `(select ${driver.key}.chain_id, ${driver.key}.height, ${driver.key}."index" from ${driver.from} where ${where})`;
  });
  return { text: parts.join(" union all "), values: parameters.values };
}
