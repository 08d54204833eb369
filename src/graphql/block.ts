// Blocks: their type, Query.block, Query.blocks and Subscription.blocks. Imports domain and this folder.
// Never reads data except through the client.
import type { Block } from "../domain/block.js";
import { builder } from "./builder.js";
import { connect } from "./connection.js";
import { pageCost } from "./cost.js";
import { readBlockFilter } from "./filters.js";
import { BlockFilterInput, ChainInput } from "./inputs.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { nodeKeys, readBlockCursor, readTransactionCursor, writeBlockCursor } from "./opaque.js";
import { isNamed, readPageArguments } from "./paging.js";
import { BlockConnectionType, BlockType, ChainType, OrderType, TransactionConnectionType } from "./refs.js";
import { transactionColumns } from "./selection.js";
import { buffered } from "./subscriber.js";
import { connectTransactions } from "./transaction.js";

builder.nodeRef(BlockType, {
  id: {
    description: "The global id of the block with this hash.",
    resolve: ({ chain, hash }: Block) => JSON.stringify([chain.network, chain.chainId, hash]),
    parse: (key) => nodeKeys.Block.parse(JSON.parse(key)),
  },
  loadWithoutCache: ({ chain, hash }, { client }) => client.blockByHash(chain, hash),
});

BlockType.implement({
  description: "A block in the common format of all chains.",
  fields: (t) => ({
    chain: t.field({
      type: ChainType,
      description: "The chain of the block.",
      resolve: ({ chain }) => chain,
    }),
    height: t.field({
      type: "Height",
      description: "The position of the block in its chain.",
      resolve: ({ height }) => height,
    }),
    hash: t.exposeString("hash", { description: "The hash of the block." }),
    parentHash: t.exposeString("parentHash", {
      nullable: true,
      description: "The hash of the block before this one. Null if the chain does not report it.",
    }),
    time: t.field({
      type: "DateTime",
      description: "The time in the header of the block.",
      resolve: ({ time }) => time,
    }),
    epoch: t.exposeString("epoch", {
      nullable: true,
      description: "The epoch of the block. Null on chains without epochs.",
    }),
    proposer: t.exposeString("proposer", {
      nullable: true,
      description: "The validator or miner that proposed the block. Null if the chain does not report it.",
    }),
    transactionCount: t.exposeInt("transactionCount", {
      description: "The number of transactions that the block itself reports.",
    }),
    transactions: t.field({
      type: TransactionConnectionType,
      description: "The stored transactions of the block, in their order in the block.",
      args: {
        ...t.arg.connectionArgs(),
        first: t.arg.int({
          defaultValue: 50,
          description: "The page size, counted from the start: 0 to 1000. 0 returns only pageInfo.",
        }),
      },
      extensions: pageCost(50),
      resolve: ({ chain, height, hash }, { first, ...page }, { client }, info) => {
        // The default of 'first' must not exclude 'last'.
        const query = readPageArguments(
          { ...page, ...(isNamed(info, "first") && { first }) },
          { order: "OLDEST_FIRST", defaultLimit: 50, readCursor: readTransactionCursor },
        );
        const filter = {
          network: chain.network,
          chainIds: [chain.chainId],
          heights: { eq: height },
          blockHash: hash,
        };
        const columns = transactionColumns(info, ["nodes"], ["edges", "node"]);
        return connectTransactions(client, filter, { query, columns });
      },
    }),
  }),
});

const BlockBy = builder.inputType("BlockBy", {
  description: "Selects one block of a chain.",
  isOneOf: true,
  fields: (t) => ({
    height: t.field({ type: "Height", description: "The block at this height." }),
    hash: t.string({ description: "The block with this hash." }),
  }),
});

builder.queryField("block", (t) =>
  t.field({
    type: BlockType,
    nullable: true,
    description: "One stored block, by its height or hash. Null if no such block is stored.",
    args: {
      chain: t.arg({ type: ChainInput, required: true, description: "The chain of the block." }),
      by: t.arg({ type: BlockBy, required: true, description: "The height or the hash of the block." }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { chain, by, minHeight }, context) => {
      await waitUntilIndexed(context, chain, minHeight);
      return by.height === undefined
        ? context.client.blockByHash(chain, by.hash)
        : context.loaders.block(chain, by.height);
    },
  }),
);

builder.queryField("blocks", (t) =>
  t.connection(
    {
      type: BlockType,
      description: "The stored blocks of a chain. 50 a page by default, 1000 at most.",
      args: {
        filter: t.arg({ type: BlockFilterInput, required: true, description: "Which blocks to return." }),
        order: t.arg({
          type: OrderType,
          defaultValue: "NEWEST_FIRST",
          description: "The order of the blocks.",
        }),
      },
      extensions: pageCost(50),
      resolve: (_root, { filter, order, ...page }, { client }) => {
        const query = readPageArguments(page, {
          order: order ?? "NEWEST_FIRST",
          defaultLimit: 50,
          readCursor: readBlockCursor,
        });
        const blockFilter = readBlockFilter(filter);
        return connect(query, {
          page: (request) => client.blocks(blockFilter, request),
          cursorOf: writeBlockCursor,
          count: (exact) => client.countBlocks(blockFilter, exact),
        });
      },
    },
    BlockConnectionType,
  ),
);

builder.subscriptionField("blocks", (t) =>
  t.field({
    type: BlockType,
    description:
      "Blocks as any manager stores them. After a reorganisation, the new block of a height is returned with its new hash.",
    args: { chain: t.arg({ type: ChainInput, description: "Returns only blocks of this chain." }) },
    subscribe: (_root, { chain }, context) =>
      buffered(context, {
        source: (signal) => context.client.watchBlocks(chain ?? undefined, signal),
        cursorOf: writeBlockCursor,
      }),
    resolve: (block) => block,
  }),
);
