// Pages as Relay asks for them: first/after or last/before, never both. Imports domain; never reads data.
import { Kind, type GraphQLResolveInfo } from "graphql";
import type { Order, Page, PageRequest } from "../domain/search.js";
import { badInput } from "./input-errors.js";

/** The largest page. */
export const maxPage = 1_000;

/** The arguments of a connection, as GraphQL gives them. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** What a list says of its pages. */
export interface PageRules<Position> {
  readonly order: Order;
  readonly defaultLimit: number;
  readonly readCursor: (cursor: string, argument: string) => Position;
}

/** A page to ask for; `hidden` where the caller wants none of its items, only whether there are any. */
export interface PageQuestion<Position> {
  readonly request: PageRequest<Position>;
  readonly hidden: boolean;
}

/**
 * Checks the arguments and makes the page's request. As Relay has it, 0 is a size: the page is empty and pageInfo still
 * tells whether there is more.
 */
export function readPage<Position>(
  { first, after, last, before }: PageArguments,
  { order, defaultLimit, readCursor }: PageRules<Position>,
): PageQuestion<Position> {
  if (given(first) && given(last)) throw badInput("last", "Give 'first' or 'last', not both.");
  if (given(after) && given(before)) throw badInput("before", "Give 'after' or 'before', not both.");
  if (given(first) && given(before))
    throw badInput("before", "'before' goes with 'last', 'after' with 'first'.");
  if (given(last) && given(after))
    throw badInput("after", "'after' goes with 'first', 'before' with 'last'.");
  if (given(first)) checkSize(first, "first");
  if (given(last)) checkSize(last, "last");
  // Without a size, 'before' alone means the page that ends there.
  const fromEnd = given(last) || given(before);
  const size = last ?? first ?? defaultLimit;
  return {
    hidden: size === 0,
    request: {
      order,
      limit: Math.max(size, 1),
      ...(fromEnd && { fromEnd }),
      ...(given(after) && { after: readCursor(after, "after") }),
      ...(given(before) && { before: readCursor(before, "before") }),
    },
  };
}

function given<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function checkSize(size: number, argument: string): void {
  if (size >= 0 && size <= maxPage) return;
  throw badInput(
    argument,
    `'${argument}' must be from 0 to ${maxPage}, not ${size}: page on with a cursor.`,
    {
      limit: maxPage,
      actual: size,
    },
  );
}

/** The page without its items, as asked with a size of 0. */
export function hideItems<T>({ items, hasNext, hasPrevious }: Page<T>, fromEnd: boolean): Page<T> {
  const any = items.length > 0;
  return { items: [], hasNext: fromEnd ? hasNext : any, hasPrevious: fromEnd ? any : hasPrevious };
}

/** Whether the question itself names an argument, so that a default does not count as given. */
export function isNamed(info: GraphQLResolveInfo, argument: string): boolean {
  return info.fieldNodes.some((node) =>
    node.arguments?.some(
      ({ name, value }) =>
        name.value === argument && (value.kind !== Kind.VARIABLE || value.name.value in info.variableValues),
    ),
  );
}
