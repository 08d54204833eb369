// Blocks and how to find them. Imports domain and this folder; never reads data past the client.
import type { Block } from "../domain/block.js";
import { builder } from "./builder.js";
import {
  connect,
  countArguments,
  CountType,
  countWeight,
  edgesOf,
  pageArguments,
  pageInfoOf,
  PageInfoType,
  type Edge,
} from "./connection.js";
import { cost, pageCost } from "./cost.js";
import { canonicalHash, readBlockFilter } from "./filters.js";
import { BlockFilterInput, ChainInput } from "./inputs.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { readBlockCursor, readTransactionCursor, writeBlockCursor, writeId } from "./opaque.js";
import { isNamed, readPage } from "./paging.js";
import {
  BlockConnectionType,
  BlockType,
  ChainType,
  NodeType,
  OrderType,
  TransactionConnectionType,
} from "./refs.js";
import { transactionColumns } from "./selection.js";
import { eachOf } from "./subscriber.js";
import { transactionPage } from "./transaction.js";

BlockType.implement({
  description: "A block in the common format of all chains.",
  interfaces: [NodeType],
  fields: (t) => ({
    id: t.id({
      description: "The global id: the block with this hash.",
      resolve: ({ chain, hash }) => writeId({ type: "Block", chain, hash }),
    }),
    chain: t.field({ type: ChainType, description: "Its chain.", resolve: ({ chain }) => chain }),
    height: t.field({ type: "Height", description: "Its height.", resolve: ({ height }) => height }),
    hash: t.exposeString("hash", { description: "Its hash." }),
    parentHash: t.exposeString("parentHash", {
      nullable: true,
      description: "The hash of the block before it.",
    }),
    time: t.field({ type: "DateTime", description: "When it was made.", resolve: ({ time }) => time }),
    epoch: t.exposeString("epoch", { nullable: true, description: "The epoch, on chains that have them." }),
    proposer: t.exposeString("proposer", { nullable: true, description: "Who made it." }),
    transactionCount: t.exposeInt("transactionCount", {
      description: "How many transactions the block says it holds.",
    }),
    transactions: t.field({
      type: TransactionConnectionType,
      description: "Its stored transactions, in their order.",
      args: {
        ...pageArguments,
        first: t.arg.int({
          defaultValue: 50,
          description: "How many from the front, at most 1000; 0 gives none and only pageInfo.",
        }),
      },
      extensions: pageCost(50),
      resolve: ({ chain, height, hash }, { first, ...page }, { client }, info) => {
        const named = isNamed(info, "first");
        const question = readPage(
          { ...page, ...(named && { first }) },
          { order: "OLDEST_FIRST", defaultLimit: 50, readCursor: readTransactionCursor },
        );
        const filter = {
          network: chain.network,
          chainIds: [chain.chainId],
          heights: { eq: height },
          blockHash: hash,
        };
        const columns = transactionColumns(info, ["nodes"], ["edges", "node"]);
        return transactionPage(client, filter, { question, columns });
      },
    }),
  }),
});

const BlockEdgeType = builder.objectRef<Edge<Block>>("BlockEdge").implement({
  description: "A block and its place in the list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Its place: for 'after' and 'before'." }),
    node: t.field({ type: BlockType, description: "The block.", resolve: ({ node }) => node }),
  }),
});

BlockConnectionType.implement({
  description: "A page of blocks.",
  fields: (t) => ({
    edges: t.field({
      type: [BlockEdgeType],
      description: "The blocks, each with its cursor.",
      resolve: edgesOf,
    }),
    nodes: t.field({ type: [BlockType], description: "The blocks.", resolve: ({ page }) => page.items }),
    pageInfo: t.field({
      type: PageInfoType,
      description: "Where the page begins and ends.",
      extensions: cost(() => 0),
      resolve: pageInfoOf,
    }),
    totalCount: t.field({
      type: CountType,
      description: "How many there are on all pages together.",
      args: countArguments,
      extensions: countWeight,
      resolve: ({ count }, { exact }) => count(exact ?? false),
    }),
  }),
});

const BlockBy = builder.inputType("BlockBy", {
  description: "Names one block of a chain.",
  isOneOf: true,
  fields: (t) => ({
    height: t.field({ type: "Height", description: "The one at this height." }),
    hash: t.string({ description: "The one with this hash." }),
  }),
});

builder.queryField("block", (t) =>
  t.field({
    type: BlockType,
    nullable: true,
    description: "A block by its height or hash; null where none is stored.",
    args: {
      chain: t.arg({ type: ChainInput, required: true, description: "Its chain." }),
      by: t.arg({ type: BlockBy, required: true, description: "Its height or its hash." }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { chain, by, minHeight }, context) => {
      await waitUntilIndexed(context, chain, minHeight);
      return by.height === undefined
        ? context.client.blockByHash(chain, canonicalHash(by.hash, chain.network))
        : context.loaders.block(chain, by.height);
    },
  }),
);

builder.queryField("blocks", (t) =>
  t.field({
    type: BlockConnectionType,
    description: "The blocks of a chain. 50 a page unless told, 1000 at most.",
    args: {
      filter: t.arg({ type: BlockFilterInput, required: true, description: "Which." }),
      order: t.arg({ type: OrderType, defaultValue: "NEWEST_FIRST", description: "In which order." }),
      ...pageArguments,
    },
    extensions: pageCost(50),
    resolve: (_root, { filter, order, ...page }, { client }) => {
      const question = readPage(page, {
        order: order ?? "NEWEST_FIRST",
        defaultLimit: 50,
        readCursor: readBlockCursor,
      });
      const wanted = readBlockFilter(filter);
      return connect(question, {
        page: (request) => client.blocks(wanted, request),
        cursorOf: writeBlockCursor,
        count: (exact) => client.countBlocks(wanted, exact),
      });
    },
  }),
);

builder.subscriptionField("blocks", (t) =>
  t.field({
    type: BlockType,
    description:
      "Blocks as they are stored, by whichever manager; a reorganised one again with its new hash.",
    args: { chain: t.arg({ type: ChainInput, description: "Only of this chain." }) },
    subscribe: (_root, { chain }, context) =>
      eachOf(context, {
        source: (signal) => context.client.watchBlocks(chain ?? undefined, signal),
        cursorOf: writeBlockCursor,
      }),
    resolve: (block) => block,
  }),
);
