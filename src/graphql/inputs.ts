// The input types: how chains, ranges and filters are written in a question.
// Imports the builder only; what they mean is read in filters.ts.
import { builder } from "./builder.js";

/** Names one chain. */
export const ChainInput = builder.inputType("ChainInput", {
  description: "Names one chain.",
  fields: (t) => ({
    network: t.string({ required: true, description: "The network, for example cosmos or ethereum." }),
    chainId: t.string({ required: true, description: "The chain's own id, for example cosmoshub-4 or 1." }),
  }),
});

/** A range with both ends. */
export const HeightRangeInput = builder.inputType("HeightRangeInput", {
  description: "Heights from 'from' to 'to', both included.",
  fields: (t) => ({
    from: t.field({ type: "Height", required: true, description: "The lowest height." }),
    to: t.field({ type: "Height", required: true, description: "The highest height." }),
  }),
});

/** Bounds of heights. */
export const HeightFilter = builder.inputType("HeightFilter", {
  description: "Bounds that are given are all met. gte/lte include the bound, gt/lt do not.",
  fields: (t) => ({
    eq: t.field({ type: "Height", description: "Exactly this height." }),
    gte: t.field({ type: "Height", description: "This height or above." }),
    gt: t.field({ type: "Height", description: "Above this height." }),
    lte: t.field({ type: "Height", description: "This height or below." }),
    lt: t.field({ type: "Height", description: "Below this height." }),
  }),
});

/** Bounds of moments. */
export const TimeFilter = builder.inputType("TimeFilter", {
  description: "Bounds that are given are all met. gte/lte include the bound, gt/lt do not.",
  fields: (t) => ({
    gte: t.field({ type: "DateTime", description: "At this moment or later." }),
    gt: t.field({ type: "DateTime", description: "After this moment." }),
    lte: t.field({ type: "DateTime", description: "At this moment or earlier." }),
    lt: t.field({ type: "DateTime", description: "Before this moment." }),
  }),
});

/** Any of, or all of. */
export const ListFilterInput = builder.inputType("ListFilter", {
  description:
    "Holds when at least one is there (any), or when each is there (all). Empty lists are BAD_USER_INPUT.",
  isOneOf: true,
  fields: (t) => ({
    any: t.stringList({ description: "At least one of these." }),
    all: t.stringList({ description: "Each of these." }),
  }),
});

/** Which blocks. */
export const BlockFilterInput = builder.inputType("BlockFilter", {
  description: "Which blocks: everything that is given is met.",
  fields: (t) => ({
    chain: t.field({ type: ChainInput, required: true, description: "Of this chain." }),
    heights: t.field({ type: HeightFilter, description: "At these heights." }),
    time: t.field({ type: TimeFilter, description: "Within these moments." }),
    epoch: t.string({ description: "Of this epoch." }),
    hasTransactions: t.boolean({ description: "With transactions, or without." }),
  }),
});

/** Which transactions. */
export const TransactionFilterInput = builder.inputType("TransactionFilter", {
  description: "Which transactions: everything that is given is met.",
  fields: (t) => ({
    network: t.string({ description: "Of this network." }),
    chainIds: t.stringList({
      description: "Any of these chains; without it, every chain of the network, or of all networks.",
    }),
    epoch: t.string({ description: "Of this epoch." }),
    heights: t.field({ type: HeightFilter, description: "At these heights." }),
    time: t.field({ type: TimeFilter, description: "Within these moments." }),
    hash: t.string({ description: "With this hash." }),
    blockHash: t.string({ description: "In the block with this hash." }),
    types: t.field({ type: ListFilterInput, description: "With these message types." }),
    accounts: t.field({ type: ListFilterInput, description: "In which these accounts took part." }),
    senders: t.field({ type: ListFilterInput, description: "In which these accounts sent." }),
    recipients: t.field({ type: ListFilterInput, description: "In which these accounts received." }),
    memo: t.string({ description: "Words to find in the memo, web search style: quotes, or, -not." }),
    hasErrors: t.boolean({ description: "Failed, or not." }),
  }),
});
