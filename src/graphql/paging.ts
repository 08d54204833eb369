// Page arguments of Relay: first/after or last/before, never both. Imports domain. Never reads data.
// Implemented here, since the plugin's own resolver reads one extra item to compute hasNextPage, which the store already returns.
import type { DefaultConnectionArguments } from "@pothos/plugin-relay";
import { Kind, type GraphQLResolveInfo } from "graphql";
import type { Order, Page, PageRequest } from "../domain/search.js";
import { badInput } from "./input-errors.js";

/** The largest page size. */
export const maxPage = 1_000;

/** The order, default page size and cursor format of a list. */
export interface PageRules<Position> {
  readonly order: Order;
  readonly defaultLimit: number;
  readonly readCursor: (cursor: string, argument: string) => Position;
}

/** A page to read. `isEmpty` is true if the requested size is 0: only the page info is returned. */
export interface PageQuery<Position> {
  readonly request: PageRequest<Position>;
  readonly isEmpty: boolean;
}

/** Pairs of arguments that exclude each other. */
const exclusive = [
  ["first", "last"],
  ["after", "before"],
  ["first", "before"],
  ["last", "after"],
] as const;

/** Checks the page arguments and creates the page's request. Throws BAD_USER_INPUT that names the argument. */
export function readPageArguments<Position>(
  page: DefaultConnectionArguments,
  { order, defaultLimit, readCursor }: PageRules<Position>,
): PageQuery<Position> {
  const { first, after, last, before } = page;
  const conflict = exclusive.find(([one, other]) => isGiven(page[one]) && isGiven(page[other]));
  if (conflict !== undefined) {
    const [one, other] = conflict;
    throw badInput(
      other,
      `'${one}' and '${other}' exclude each other. Use 'first' with 'after', or 'last' with 'before'.`,
    );
  }
  if (isGiven(first)) checkSize(first, "first");
  if (isGiven(last)) checkSize(last, "last");
  // Without a size, 'before' alone means the page that ends there.
  const fromEnd = isGiven(last) || isGiven(before);
  const size = last ?? first ?? defaultLimit;
  return {
    isEmpty: size === 0,
    request: {
      order,
      limit: Math.max(size, 1),
      ...(fromEnd && { fromEnd }),
      ...(isGiven(after) && { after: readCursor(after, "after") }),
      ...(isGiven(before) && { before: readCursor(before, "before") }),
    },
  };
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function checkSize(size: number, argument: string): void {
  if (size >= 0 && size <= maxPage) return;
  throw badInput(
    argument,
    `${argument}: ${size} items requested, from 0 to ${maxPage} allowed. Read the next page with a cursor.`,
    { limit: maxPage, actual: size },
  );
}

/** The same page without its items, for a requested size of 0. */
export function hideItems<T>({ items, hasNext, hasPrevious }: Page<T>, fromEnd: boolean): Page<T> {
  const hasItems = items.length > 0;
  return {
    items: [],
    hasNext: fromEnd ? hasNext : hasItems,
    hasPrevious: fromEnd ? hasItems : hasPrevious,
  };
}

/** Whether the operation names an argument of the field. A default value does not count. */
export function isNamed(info: GraphQLResolveInfo, argument: string): boolean {
  return info.fieldNodes.some((node) =>
    node.arguments?.some(
      ({ name, value }) =>
        name.value === argument && (value.kind !== Kind.VARIABLE || value.name.value in info.variableValues),
    ),
  );
}
