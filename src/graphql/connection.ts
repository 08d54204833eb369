// Connections: from a page of the client to the shape of the Relay plugin, and the count of every connection.
// Imports domain and this folder. Never reads data itself.
import type { Count, Page } from "../domain/search.js";
import { builder } from "./builder.js";
import { weight } from "./cost.js";
import { hideItems, type PageQuery } from "./paging.js";

/** How to read the page of a connection, name the position of an item, and count the whole list. */
export interface ConnectionSource<T, Position> {
  readonly page: (request: PageQuery<Position>["request"]) => Promise<Page<T>>;
  readonly cursorOf: (item: T) => string;
  readonly count: (exact: boolean) => Promise<Count>;
}

/** A page in the shape of the Relay plugin. Cursors are written only when they are selected. */
export interface ConnectionPage<T> {
  readonly edges: { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly count: (exact: boolean) => Promise<Count>;
}

/** Reads the page of a connection. A page of size 0 has no items but correct page info. */
export async function connect<T, Position>(
  { request, isEmpty }: PageQuery<Position>,
  { page, cursorOf, count }: ConnectionSource<T, Position>,
): Promise<ConnectionPage<T>> {
  const found = await page(request);
  const { items, hasNext, hasPrevious } = isEmpty ? hideItems(found, request.fromEnd === true) : found;
  const edges = items.map((node) => ({
    node,
    get cursor() {
      return cursorOf(node);
    },
  }));
  return {
    edges,
    count,
    pageInfo: {
      hasNextPage: hasNext,
      hasPreviousPage: hasPrevious,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
  };
}

/** The argument of every count. */
export const countArguments = builder.args((t) => ({
  exact: t.boolean({
    defaultValue: false,
    description: "Counts every item instead of estimating. Slower, with its own time limit.",
  }),
}));

/** A number of items, as `Count` of the schema. */
export const CountType = builder.objectRef<Count>("Count").implement({
  description: "A number of items. It is an estimate unless 'exact' is true.",
  fields: (t) => ({
    value: t.field({ type: "BigInt", description: "The number of items.", resolve: ({ value }) => value }),
    exact: t.exposeBoolean("exact", { description: "Whether every item was counted." }),
  }),
});

/** The cost of a count. */
export const countWeight = weight(20);

builder.globalConnectionField("totalCount", (t) =>
  t.field({
    type: CountType,
    description: "The number of items on all pages together.",
    args: countArguments,
    extensions: countWeight,
    resolve: ({ count }, { exact }) => count(exact ?? false),
  }),
);
