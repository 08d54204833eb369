// Transactions and how to find them. Imports client's values, domain and this folder; never reads data past the client.
import type { TransactionFilter } from "../domain/search.js";
import type { StoredTransaction, TransactionColumns } from "../store/port.js";
import { AmountType } from "./amount.js";
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
  type Connection,
  type Edge,
} from "./connection.js";
import type { GatewayContext } from "./context.js";
import { cost, pageCost, weight } from "./cost.js";
import { canonicalHash, onlyChain, readTransactionFilter } from "./filters.js";
import { badInput } from "./input-errors.js";
import { ChainInput, TransactionFilterInput } from "./inputs.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { readTransactionCursor, writeId, writeTransactionCursor } from "./opaque.js";
import { readPage, type PageQuestion } from "./paging.js";
import {
  BlockType,
  ChainType,
  NodeType,
  OrderType,
  TransactionConnectionType,
  TransactionType,
} from "./refs.js";
import { transactionColumns } from "./selection.js";
import { eachOf } from "./subscriber.js";
import { TransactionEventType } from "./transaction-event.js";

TransactionType.implement({
  description: "A transaction in the common format of all chains.",
  interfaces: [NodeType],
  fields: (t) => ({
    id: t.id({
      description: "The global id: this transaction at this place of its chain.",
      resolve: ({ chain, height, index, hash }) =>
        writeId({ type: "Transaction", chain, height, index, hash }),
    }),
    chain: t.field({ type: ChainType, description: "Its chain.", resolve: ({ chain }) => chain }),
    block: t.field({
      type: BlockType,
      nullable: true,
      description: "Its block; null where the chain was reorganised meanwhile.",
      resolve: async ({ chain, height, blockHash }, _args, { loaders }) => {
        const block = await loaders.block(chain, height);
        return block?.hash === blockHash ? block : null;
      },
    }),
    hash: t.exposeString("hash", { description: "Its hash." }),
    blockHash: t.exposeString("blockHash", { description: "The hash of its block." }),
    height: t.field({ type: "Height", description: "The height of its block.", resolve: (tx) => tx.height }),
    index: t.exposeInt("index", { description: "Position in its block, from 0." }),
    time: t.field({ type: "DateTime", description: "The time of its block.", resolve: ({ time }) => time }),
    epoch: t.exposeString("epoch", { nullable: true, description: "The epoch, on chains that have them." }),
    types: t.field({
      type: ["String"],
      description: "Message types in the transaction, each once.",
      resolve: ({ types }) => types,
    }),
    parties: t.field({
      type: ["String"],
      description: "Every account that took part, each once; senders and recipients among them.",
      resolve: ({ parties }) => parties,
    }),
    senders: t.field({
      type: ["String"],
      description: "Accounts that sent, each once.",
      resolve: ({ senders }) => senders,
    }),
    recipients: t.field({
      type: ["String"],
      description: "Accounts that received, each once.",
      resolve: ({ recipients }) => recipients,
    }),
    fee: t.field({ type: [AmountType], description: "What it cost.", resolve: ({ fee }) => fee }),
    gasWanted: t.field({
      type: "BigInt",
      description: "The gas it was allowed.",
      resolve: ({ gasWanted }) => gasWanted,
    }),
    gasUsed: t.field({ type: "BigInt", description: "The gas it took.", resolve: ({ gasUsed }) => gasUsed }),
    memo: t.exposeString("memo", { description: "What its sender wrote; empty where nothing." }),
    hasErrors: t.exposeBoolean("hasErrors", { description: "Whether it failed." }),
    events: t.field({
      type: [TransactionEventType],
      description: "What happened in it, in order.",
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
      description: "The log as the node gave it.",
      extensions: weight(1),
      resolve: ({ rawLog }) => rawLog,
    }),
  }),
});

const TransactionEdgeType = builder.objectRef<Edge<StoredTransaction>>("TransactionEdge").implement({
  description: "A transaction and its place in the list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Its place: for 'after' and 'before'." }),
    node: t.field({ type: TransactionType, description: "The transaction.", resolve: ({ node }) => node }),
  }),
});

TransactionConnectionType.implement({
  description: "A page of transactions.",
  fields: (t) => ({
    edges: t.field({
      type: [TransactionEdgeType],
      description: "The transactions, each with its cursor.",
      resolve: edgesOf,
    }),
    nodes: t.field({
      type: [TransactionType],
      description: "The transactions.",
      resolve: ({ page }) => page.items,
    }),
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

/** Asks for a page of transactions with only the columns that are selected. */
export function transactionPage(
  client: GatewayContext["client"],
  filter: TransactionFilter,
  {
    question,
    columns,
  }: {
    readonly question: PageQuestion<ReturnType<typeof readTransactionCursor>>;
    readonly columns: TransactionColumns;
  },
): Promise<Connection<StoredTransaction>> {
  return connect(question, {
    page: (request) => client.transactions(filter, request, columns),
    cursorOf: writeTransactionCursor,
    count: (exact) => client.countTransactions(filter, exact),
  });
}

builder.queryField("transaction", (t) =>
  t.field({
    type: TransactionType,
    nullable: true,
    description: "A transaction by its hash; null where none is stored.",
    args: {
      chain: t.arg({ type: ChainInput, required: true, description: "Its chain." }),
      hash: t.arg.string({ required: true, description: "Its hash." }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { chain, hash, minHeight }, context, info) => {
      await waitUntilIndexed(context, chain, minHeight);
      return context.client.transactionByHash(
        chain,
        canonicalHash(hash, chain.network),
        transactionColumns(info, []),
      );
    },
  }),
);

builder.queryField("transactions", (t) =>
  t.field({
    type: TransactionConnectionType,
    description: "Search over every chain. 100 a page unless told, 1000 at most.",
    args: {
      filter: t.arg({ type: TransactionFilterInput, description: "Which; all where it is left out." }),
      order: t.arg({ type: OrderType, defaultValue: "NEWEST_FIRST", description: "In which order." }),
      ...pageArguments,
      minHeight: minHeightArgument,
    },
    extensions: pageCost(100),
    resolve: async (_root, { filter, order, minHeight, ...page }, context, info) => {
      const question = readPage(page, {
        order: order ?? "NEWEST_FIRST",
        defaultLimit: 100,
        readCursor: readTransactionCursor,
      });
      const wanted = readTransactionFilter(filter);
      if (minHeight !== null && minHeight !== undefined) {
        const chain = onlyChain(wanted);
        if (chain === undefined) {
          throw badInput(
            "minHeight",
            "'minHeight' waits for one chain: give 'filter.network' and one 'filter.chainIds' with it.",
          );
        }
        await waitUntilIndexed(context, chain, minHeight);
      }
      return transactionPage(context.client, wanted, {
        question,
        columns: transactionColumns(info, ["nodes"], ["edges", "node"]),
      });
    },
  }),
);

/** Filters that need the store, not an event. */
const notLive = ["hash", "blockHash", "memo"] as const;

builder.subscriptionField("transactions", (t) =>
  t.field({
    type: TransactionType,
    description:
      "Transactions as they are stored, that match. hash, blockHash and memo are not filters here.",
    args: {
      filter: t.arg({ type: TransactionFilterInput, description: "Which; all where it is left out." }),
    },
    subscribe: (_root, { filter }, context, info) => {
      const wanted = readTransactionFilter(filter);
      const refused = notLive.find((name) => wanted[name] !== undefined);
      if (refused !== undefined) {
        throw badInput(
          `filter.${refused}`,
          `'${refused}' is no filter of a subscription: query 'transactions' by it.`,
        );
      }
      const columns = transactionColumns(info, []);
      return eachOf(context, {
        source: (signal) => context.client.watchTransactions(wanted, columns, signal),
        cursorOf: writeTransactionCursor,
      });
    },
    resolve: (transaction) => transaction,
  }),
);
