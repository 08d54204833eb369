// Connections: one shape for every list that is paged. Imports domain and this folder; never reads data itself.
import type { InputShapeFromFields } from "@pothos/core";
import type { Count, Page } from "../domain/search.js";
import { builder } from "./builder.js";
import { weight } from "./cost.js";
import { hideItems, type PageQuestion } from "./paging.js";

/** A page with how to name its items' places and how to count the whole. */
export interface Connection<T> {
  readonly page: Page<T>;
  readonly cursorOf: (item: T) => string;
  readonly count: (exact: boolean) => Promise<Count>;
}

/** An item of a connection and its place. */
export interface Edge<T> {
  readonly cursor: string;
  readonly node: T;
}

/** Turns a question into a connection: asks for the page and hides it where its size is 0. */
export async function connect<T, Position>(
  { request, hidden }: PageQuestion<Position>,
  source: {
    readonly page: (request: PageQuestion<Position>["request"]) => Promise<Page<T>>;
    readonly cursorOf: (item: T) => string;
    readonly count: (exact: boolean) => Promise<Count>;
  },
): Promise<Connection<T>> {
  const page = await source.page(request);
  return {
    page: hidden ? hideItems(page, request.fromEnd === true) : page,
    cursorOf: source.cursorOf,
    count: source.count,
  };
}

/** The items of a connection with their cursors. */
export function edgesOf<T>({ page, cursorOf }: Connection<T>): Edge<T>[] {
  return page.items.map((node) => ({ cursor: cursorOf(node), node }));
}

/** The arguments of every connection whose default size is not in the schema. */
export const pageArguments = builder.args((t) => ({
  first: t.int({ description: "How many from the front, at most 1000; 0 gives none and only pageInfo." }),
  after: t.string({ description: "Begins after this cursor; goes with 'first'." }),
  last: t.int({ description: "How many from the end, at most 1000." }),
  before: t.string({ description: "Ends before this cursor; goes with 'last'." }),
}));

/** The arguments of a connection, read. */
export type PageArgumentsShape = InputShapeFromFields<typeof pageArguments>;

/** The argument of every count. */
export const countArguments = builder.args((t) => ({
  exact: t.boolean({
    defaultValue: false,
    description: "Counts one by one instead of estimating; slower, with a time limit of its own.",
  }),
}));

/** A number of things. */
export const CountType = builder.objectRef<Count>("Count").implement({
  description: "A number of things; an estimate unless exact.",
  fields: (t) => ({
    value: t.field({
      type: "BigInt",
      description: "How many there are.",
      resolve: (count) => count.value,
    }),
    exact: t.exposeBoolean("exact", { description: "Whether it was counted, not estimated." }),
  }),
});

/** What a page knows of its neighbours. */
export interface PageInfo {
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  readonly start?: string;
  readonly end?: string;
}

/** Where a connection's page begins and ends. */
export function pageInfoOf<T>({ page, cursorOf }: Connection<T>): PageInfo {
  const { items, hasNext, hasPrevious } = page;
  const [first, last] = [items[0], items.at(-1)];
  return {
    hasNext,
    hasPrevious,
    ...(first !== undefined && { start: cursorOf(first) }),
    ...(last !== undefined && { end: cursorOf(last) }),
  };
}

/** Where a page begins and ends. */
export const PageInfoType = builder.objectRef<PageInfo>("PageInfo").implement({
  description: "Where a page begins and ends, and whether there is more on either side.",
  fields: (t) => ({
    hasNextPage: t.exposeBoolean("hasNext", { description: "Whether there is more after this page." }),
    hasPreviousPage: t.exposeBoolean("hasPrevious", {
      description: "Whether there is more before this page.",
    }),
    startCursor: t.exposeString("start", {
      nullable: true,
      description: "The cursor of the first item; null where the page is empty.",
    }),
    endCursor: t.exposeString("end", {
      nullable: true,
      description: "The cursor of the last item; null where the page is empty.",
    }),
  }),
});

/** The weight of a count. */
export const countWeight = weight(20);
