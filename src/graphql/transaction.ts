// Transactions: their type, Query.transaction, Query.transactions and Subscription.transactions.
// Imports client's types, domain and this folder. Never reads data except through the client.
import type { TransactionFilter, TransactionPosition } from "../domain/search.js";
import type { StoredTransaction, TransactionColumns } from "../store/port.js";
import { AmountType } from "./amount.js";
import { builder } from "./builder.js";
import { connect, type ConnectionPage } from "./connection.js";
import type { GatewayContext } from "./context.js";
import { cost, pageCost, weight } from "./cost.js";
import { onlyChain, readTransactionFilter } from "./filters.js";
import { badInput } from "./input-errors.js";
import { ChainInput, TransactionFilterInput } from "./inputs.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { nodeKeys, readTransactionCursor, writeTransactionCursor } from "./opaque.js";
import { readPageArguments, type PageQuery } from "./paging.js";
import { BlockType, ChainType, OrderType, TransactionConnectionType, TransactionType } from "./refs.js";
import { transactionColumns } from "./selection.js";
import { buffered } from "./subscriber.js";
import { TransactionEventType } from "./transaction-event.js";

/** The most transactions with one hash in one block. Some Cosmos chains accept the same bytes more than once. */
const maxSameHash = 10;

builder.nodeRef(TransactionType, {
  id: {
    description: "The global id of this transaction at this position of its chain.",
    resolve: ({ chain, height, index, hash }: StoredTransaction) =>
      JSON.stringify([chain.network, chain.chainId, height, index, hash]),
    parse: (key) => nodeKeys.Transaction.parse(JSON.parse(key)),
  },
  loadWithoutCache: async ({ chain, height, index, hash }, { client }, info) => {
    const page = await client.transactions(
      { network: chain.network, chainIds: [chain.chainId], heights: { eq: height }, hash },
      { order: "OLDEST_FIRST", limit: maxSameHash },
      transactionColumns(info, []),
    );
    // After a reorganisation, another transaction may be at the position: then this one no longer exists.
    return page.items.find((item) => item.index === index);
  },
});

TransactionType.implement({
  description: "A transaction in the common format of all chains.",
  fields: (t) => ({
    chain: t.field({
      type: ChainType,
      description: "The chain of the transaction.",
      resolve: ({ chain }) => chain,
    }),
    block: t.field({
      type: BlockType,
      nullable: true,
      description: "The block of the transaction. Null if a reorganisation has replaced the block.",
      resolve: async ({ chain, height, blockHash }, _args, { loaders }) => {
        const block = await loaders.block(chain, height);
        return block?.hash === blockHash ? block : null;
      },
    }),
    hash: t.exposeString("hash", { description: "The hash of the transaction." }),
    blockHash: t.exposeString("blockHash", { description: "The hash of the block." }),
    height: t.field({ type: "Height", description: "The height of the block.", resolve: (tx) => tx.height }),
    index: t.exposeInt("index", { description: "The position in the block, counted from 0." }),
    time: t.field({ type: "DateTime", description: "The time of the block.", resolve: ({ time }) => time }),
    epoch: t.exposeString("epoch", {
      nullable: true,
      description: "The epoch of the block. Null on chains without epochs.",
    }),
    types: t.field({
      type: ["String"],
      description: "The message types in the transaction, each once.",
      resolve: ({ types }) => types,
    }),
    parties: t.field({
      type: ["String"],
      description:
        "The addresses of all accounts that took part, each once. Includes senders and recipients.",
      resolve: ({ parties }) => parties,
    }),
    senders: t.field({
      type: ["String"],
      description: "The addresses of the accounts that sent, each once.",
      resolve: ({ senders }) => senders,
    }),
    recipients: t.field({
      type: ["String"],
      description: "The addresses of the accounts that received, each once.",
      resolve: ({ recipients }) => recipients,
    }),
    fee: t.field({
      type: [AmountType],
      description: "The fee that was charged. Empty if there was none.",
      resolve: ({ fee }) => fee,
    }),
    gasWanted: t.field({
      type: "BigInt",
      description: "The gas limit.",
      resolve: ({ gasWanted }) => gasWanted,
    }),
    gasUsed: t.field({
      type: "BigInt",
      description: "The gas that was used.",
      resolve: ({ gasUsed }) => gasUsed,
    }),
    memo: t.exposeString("memo", { description: "The memo of the sender. Empty if there is none." }),
    hasErrors: t.exposeBoolean("hasErrors", { description: "Whether the transaction failed." }),
    events: t.field({
      type: [TransactionEventType],
      description: "The events of the transaction, in order.",
      extensions: cost(() => 2),
      resolve: ({ events }) => events,
    }),
    raw: t.field({
      type: "Bytes",
      nullable: true,
      description: "The transaction as the chain encoded it.",
      extensions: weight(1),
      resolve: ({ raw }) => raw,
    }),
    rawLog: t.field({
      type: "Bytes",
      nullable: true,
      description: "The log as the node returned it.",
      extensions: weight(1),
      resolve: ({ rawLog }) => rawLog,
    }),
  }),
});

/** Reads a page of transactions with only the columns that the operation selects. */
export function connectTransactions(
  client: GatewayContext["client"],
  filter: TransactionFilter,
  {
    query,
    columns,
  }: { readonly query: PageQuery<TransactionPosition>; readonly columns: TransactionColumns },
): Promise<ConnectionPage<StoredTransaction>> {
  return connect(query, {
    page: (request) => client.transactions(filter, request, columns),
    cursorOf: writeTransactionCursor,
    count: (exact) => client.countTransactions(filter, exact),
  });
}

builder.queryField("transaction", (t) =>
  t.field({
    type: TransactionType,
    nullable: true,
    description: "One stored transaction, by its hash. Null if no such transaction is stored.",
    args: {
      chain: t.arg({ type: ChainInput, required: true, description: "The chain of the transaction." }),
      hash: t.arg.string({ required: true, description: "The hash of the transaction." }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { chain, hash, minHeight }, context, info) => {
      await waitUntilIndexed(context, chain, minHeight);
      return context.client.transactionByHash(chain, hash, transactionColumns(info, []));
    },
  }),
);

builder.queryField("transactions", (t) =>
  t.connection(
    {
      type: TransactionType,
      description: "Searches the transactions of all chains. 100 a page by default, 1000 at most.",
      args: {
        filter: t.arg({
          type: TransactionFilterInput,
          description: "Which transactions to return. Without it, all transactions.",
        }),
        order: t.arg({
          type: OrderType,
          defaultValue: "NEWEST_FIRST",
          description: "The order of the transactions.",
        }),
        minHeight: minHeightArgument,
      },
      extensions: pageCost(100),
      resolve: async (_root, { filter, order, minHeight, ...page }, context, info) => {
        const query = readPageArguments(page, {
          order: order ?? "NEWEST_FIRST",
          defaultLimit: 100,
          readCursor: readTransactionCursor,
        });
        const transactionFilter = readTransactionFilter(filter);
        if (minHeight !== null && minHeight !== undefined) {
          const chain = onlyChain(transactionFilter);
          if (chain === undefined) {
            throw badInput(
              "minHeight",
              "'minHeight' waits for exactly one chain. Set 'filter.network' and one 'filter.chainIds' too.",
            );
          }
          await waitUntilIndexed(context, chain, minHeight);
        }
        const columns = transactionColumns(info, ["nodes"], ["edges", "node"]);
        return connectTransactions(context.client, transactionFilter, { query, columns });
      },
    },
    TransactionConnectionType,
  ),
);

builder.subscriptionField("transactions", (t) =>
  t.field({
    type: TransactionType,
    description:
      "Transactions that match, as any manager stores them. hash, blockHash and memo are not filters here.",
    args: {
      filter: t.arg({
        type: TransactionFilterInput,
        description: "Which transactions to return. Without it, all transactions.",
      }),
    },
    subscribe: (_root, { filter }, context, info) => {
      const transactionFilter = readTransactionFilter(filter);
      const columns = transactionColumns(info, []);
      return buffered(context, {
        source: (signal) => context.client.watchTransactions(transactionFilter, columns, signal),
        cursorOf: writeTransactionCursor,
      });
    },
    resolve: (transaction) => transaction,
  }),
);
