// Whatever has a global id, by that id. Imports domain and this folder; never reads data past the client.
import type { GraphQLResolveInfo } from "graphql";
import { builder } from "./builder.js";
import type { GatewayContext } from "./context.js";
import { cost } from "./cost.js";
import { badInput } from "./input-errors.js";
import { readId, type NodeName } from "./opaque.js";
import { BlockType, ChainType, NodeType, TransactionType, WorkerType, type NodeValue } from "./refs.js";
import { transactionColumns } from "./selection.js";

/** Ids that `nodes` takes. */
const maxIds = 100;
/** Transactions of one hash in one block: one everywhere but on chains that let a message be sent twice. */
const maxTwins = 10;

NodeType.implement({
  description: "Whatever has a global id.",
  fields: (t) => ({ id: t.id({ description: "The global id: opaque, and the same for ever." }) }),
  resolveType: (value) => {
    if ("workerId" in value) return WorkerType;
    if ("blockHash" in value) return TransactionType;
    return "transactionCount" in value ? BlockType : ChainType;
  },
});

async function find(
  name: NodeName,
  { client, loaders }: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<NodeValue | null | undefined> {
  switch (name.type) {
    case "Chain":
      return (await loaders.chain(name.chain))?.chain;
    case "Block":
      return client.blockByHash(name.chain, name.hash);
    case "Worker":
      return client.workers().find(({ workerId }) => workerId === name.workerId);
    case "Transaction": {
      const { chain, height, index, hash } = name;
      const page = await client.transactions(
        { network: chain.network, chainIds: [chain.chainId], heights: { eq: height }, hash },
        { order: "OLDEST_FIRST", limit: maxTwins },
        transactionColumns(info, []),
      );
      // The place may hold another transaction since a reorganisation: then this one is gone.
      return page.items.find((item) => item.index === index);
    }
  }
}

builder.queryField("node", (t) =>
  t.field({
    type: NodeType,
    nullable: true,
    description: "What has this global id; null where it is gone.",
    args: { id: t.arg.id({ required: true, description: "The id, as it came." }) },
    resolve: (_root, { id }, context, info) => find(readId(id, "id"), context, info),
  }),
);

builder.queryField("nodes", (t) =>
  t.field({
    type: [NodeType],
    nullable: { list: false, items: true },
    description: "What has these global ids, in their order; null where one is gone.",
    args: { ids: t.arg.idList({ required: true, description: "At most 100 ids, as they came." }) },
    extensions: cost(({ ids }, inner) => (Array.isArray(ids) ? ids.length : 1) * Math.max(inner, 1)),
    resolve: (_root, { ids }, context, info) => {
      if (ids.length > maxIds) {
        throw badInput("ids", `'ids' holds ${ids.length} ids, more than ${maxIds}.`, {
          limit: maxIds,
          actual: ids.length,
        });
      }
      return ids.map(async (id, position) => find(readId(id, `ids.${position}`), context, info));
    },
  }),
);
