// The input types of chains, ranges and filters.
// Imports the builder only. Never interprets a value: filters.ts does.
import { builder } from "./builder.js";

/** The input type of a chain. */
export const ChainInput = builder.inputType("ChainInput", {
  description: "A chain, named by its network and its chain id.",
  fields: (t) => ({
    network: t.string({ required: true, description: "The network, for example cosmos or ethereum." }),
    chainId: t.string({ required: true, description: "The chain's own id, for example cosmoshub-4 or 1." }),
  }),
});

/** The input type of a range of heights. */
export const HeightRangeInput = builder.inputType("HeightRangeInput", {
  description: "The heights from 'from' to 'to', both included.",
  fields: (t) => ({
    from: t.field({ type: "Height", required: true, description: "The lowest height." }),
    to: t.field({ type: "Height", required: true, description: "The highest height." }),
  }),
});

/** The input type of bounds of heights. */
export const HeightFilter = builder.inputType("HeightFilter", {
  description:
    "Matches values that meet all given bounds. gte and lte include the bound, gt and lt exclude it.",
  fields: (t) => ({
    eq: t.field({ type: "Height", description: "Equal to this height." }),
    gte: t.field({ type: "Height", description: "This height or above." }),
    gt: t.field({ type: "Height", description: "Above this height." }),
    lte: t.field({ type: "Height", description: "This height or below." }),
    lt: t.field({ type: "Height", description: "Below this height." }),
  }),
});

/** The input type of bounds of times. */
export const TimeFilter = builder.inputType("TimeFilter", {
  description:
    "Matches values that meet all given bounds. gte and lte include the bound, gt and lt exclude it.",
  fields: (t) => ({
    gte: t.field({ type: "DateTime", description: "At this time or later." }),
    gt: t.field({ type: "DateTime", description: "After this time." }),
    lte: t.field({ type: "DateTime", description: "At this time or earlier." }),
    lt: t.field({ type: "DateTime", description: "Before this time." }),
  }),
});

/** The input type of a list filter. */
export const ListFilterInput = builder.inputType("ListFilter", {
  description:
    "Matches if at least one of the values is present (any), or if all of them are (all). Empty lists are BAD_USER_INPUT.",
  isOneOf: true,
  fields: (t) => ({
    any: t.stringList({ description: "At least one of these." }),
    all: t.stringList({ description: "Each of these." }),
  }),
});

/** The input type of a filter of blocks. */
export const BlockFilterInput = builder.inputType("BlockFilter", {
  description: "Which blocks to return: those that match all given fields.",
  fields: (t) => ({
    chain: t.field({ type: ChainInput, required: true, description: "The chain of the blocks." }),
    heights: t.field({ type: HeightFilter, description: "Bounds of the height." }),
    time: t.field({ type: TimeFilter, description: "Bounds of the time." }),
    epoch: t.string({ description: "The epoch." }),
    hasTransactions: t.boolean({ description: "Whether the block has transactions." }),
  }),
});

/** The input type of a filter of transactions. */
export const TransactionFilterInput = builder.inputType("TransactionFilter", {
  description: "Which transactions to return: those that match all given fields.",
  fields: (t) => ({
    network: t.string({ description: "The network, for example cosmos or ethereum." }),
    chainIds: t.stringList({
      description: "Any of these chain ids. Without it, all chains of the network, or of all networks.",
    }),
    epoch: t.string({ description: "The epoch." }),
    heights: t.field({ type: HeightFilter, description: "Bounds of the height." }),
    time: t.field({ type: TimeFilter, description: "Bounds of the time." }),
    hash: t.string({ description: "The hash of the transaction, in any case of its hexadecimal digits." }),
    blockHash: t.string({ description: "The hash of the block, in any case of its hexadecimal digits." }),
    types: t.field({ type: ListFilterInput, description: "Message types of the transaction." }),
    accounts: t.field({ type: ListFilterInput, description: "Addresses of accounts that took part." }),
    senders: t.field({ type: ListFilterInput, description: "Addresses of accounts that sent." }),
    recipients: t.field({ type: ListFilterInput, description: "Addresses of accounts that received." }),
    memo: t.string({ description: "Words to find in the memo, in web search syntax: quotes, or, -not." }),
    hasErrors: t.boolean({ description: "Whether the transaction failed." }),
  }),
});
