// The schema builder: scalar types, and Relay's global ids, connections and PageInfo by the plugin of Pothos.
// Imports domain and this folder. Never reads data: each node type brings its own loader.
import SchemaBuilder from "@pothos/core";
import RelayPlugin, { resolveNodes } from "@pothos/plugin-relay";
import type { Count } from "../domain/search.js";
import type { UnixNanos } from "../domain/time.js";
import type { GatewayContext } from "./context.js";
import { cost } from "./cost.js";
import { badInput } from "./input-errors.js";
import { decodeGlobalId, encodeGlobalId, requireKnownId } from "./opaque.js";

/** The most ids that `nodes` accepts. */
const maxIds = 100;

interface GatewayTypes {
  Context: GatewayContext;
  DefaultFieldNullability: false;
  /** The fields of every connection besides edges and pageInfo. */
  Connection: { readonly count: (exact: boolean) => Promise<Count> };
  Scalars: {
    Height: { Input: number; Output: number };
    BigInt: { Input: bigint; Output: bigint | number | string };
    Decimal: { Input: string; Output: string };
    DateTime: { Input: UnixNanos; Output: UnixNanos };
    Bytes: { Input: Uint8Array; Output: Uint8Array };
    JSON: { Input: unknown; Output: unknown };
  };
}

/** The one builder: each file of a noun adds its types and root fields to it. */
export const builder: PothosSchemaTypes.SchemaBuilder<PothosSchemaTypes.ExtendDefaultTypes<GatewayTypes>> =
  new SchemaBuilder<GatewayTypes>({
    defaultFieldNullability: false,
    plugins: [RelayPlugin],
    relay: {
      encodeGlobalID: encodeGlobalId,
      decodeGlobalID: decodeGlobalId,
      nodeTypeOptions: { description: "An object with a global id." },
      idFieldOptions: { description: "The global id: opaque, and it never changes." },
      nodeQueryOptions: {
        description: "The object with this global id. Null if it no longer exists.",
        args: { id: { description: "A global id, exactly as the service returned it." } },
        resolve: (_root, { id }, _context, _info, load) => {
          requireKnownId(id, "id");
          return load(id);
        },
      },
      nodesQueryOptions: {
        description:
          "The objects with these global ids, in the same order. Null for each that no longer exists.",
        args: { ids: { description: "At most 100 global ids, exactly as the service returned them." } },
        extensions: cost(({ ids }, inner) => (Array.isArray(ids) ? ids.length : 1) * Math.max(inner, 1)),
        resolve: (_root, { ids }, context, info) => {
          if (ids.length > maxIds) {
            throw badInput("ids", `ids: ${ids.length} ids requested, at most ${maxIds} allowed.`, {
              limit: maxIds,
              actual: ids.length,
            });
          }
          // One load for each id, so that an id that fails does not fail the others.
          return ids.map(async (id, position) => {
            requireKnownId(id, `ids.${position}`);
            const [node] = await resolveNodes(builder, context, info, [id]);
            return node;
          });
        },
      },
      pageInfoTypeOptions: {
        description: "Where a page begins and ends, and whether there are items before and after it.",
      },
      hasNextPageFieldOptions: { description: "Whether there are items after this page." },
      hasPreviousPageFieldOptions: { description: "Whether there are items before this page." },
      startCursorFieldOptions: { description: "The cursor of the first item. Null if the page is empty." },
      endCursorFieldOptions: { description: "The cursor of the last item. Null if the page is empty." },
      edgesFieldOptions: { description: "The items of the page, each with its cursor." },
      nodesOnConnection: { description: "The items of the page." },
      pageInfoFieldOptions: {
        description: "Where the page begins and ends.",
        extensions: cost(() => 0),
      },
      cursorFieldOptions: { description: "The position of the item, for 'after' and 'before'." },
      nodeFieldOptions: { description: "The item." },
      firstArgOptions: {
        description: "The page size, counted from the start: 0 to 1000. 0 returns only pageInfo.",
      },
      afterArgOptions: { description: "Starts the page after this cursor. Use it with 'first'." },
      lastArgOptions: {
        description: "The page size, counted from the end: 0 to 1000. 0 returns only pageInfo.",
      },
      beforeArgOptions: { description: "Ends the page before this cursor. Use it with 'last'." },
    },
  });

builder.queryType({ description: "Operations that return one response." });
builder.subscriptionType({
  description: "Operations that return a stream of responses, over WebSocket or server-sent events.",
});
