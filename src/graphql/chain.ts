// Chains: how far they are stored and what is missing. Imports domain and this folder; never reads data past the client.
import type { Coverage } from "../domain/coverage.js";
import type { HeightRange } from "../domain/height.js";
import type { ChainRecord } from "../store/port.js";
import { builder } from "./builder.js";
import { countArguments, CountType, countWeight } from "./connection.js";
import { cost, weight } from "./cost.js";
import { readRange } from "./filters.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { writeId } from "./opaque.js";
import { BlockType, ChainType, NodeType, WorkerType } from "./refs.js";

/** Chains that a list is reckoned to hold. */
const chainsInList = 10;

const HeightRangeType = builder.objectRef<HeightRange>("HeightRange").implement({
  description: "Heights from 'from' to 'to', both included.",
  fields: (t) => ({
    from: t.field({ type: "Height", description: "The lowest height.", resolve: ({ from }) => from }),
    to: t.field({ type: "Height", description: "The highest height.", resolve: ({ to }) => to }),
  }),
});

const NetworkHeadType = builder.objectRef<NonNullable<ChainRecord["networkHead"]>>("NetworkHead").implement({
  description: "The newest block of the network, as a worker saw it.",
  fields: (t) => ({
    height: t.field({ type: "Height", description: "Its height.", resolve: ({ height }) => height }),
    observedAt: t.field({
      type: "DateTime",
      description: "When a worker reported it.",
      resolve: ({ observedAt }) => observedAt,
    }),
  }),
});

const CoverageType = builder.objectRef<Coverage>("Coverage").implement({
  description: "What is stored between two heights, counted, and what is missing.",
  fields: (t) => ({
    from: t.field({ type: "Height", description: "The lowest height.", resolve: ({ range }) => range.from }),
    to: t.field({ type: "Height", description: "The highest height.", resolve: ({ range }) => range.to }),
    complete: t.exposeBoolean("complete", {
      description: "Whether every block and every one of their transactions is stored.",
    }),
    blocks: t.field({ type: "BigInt", description: "Stored blocks.", resolve: ({ blocks }) => blocks }),
    transactions: t.field({
      type: "BigInt",
      description: "Stored transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    missingBlocks: t.field({
      type: [HeightRangeType],
      description: "Heights whose block is not stored.",
      resolve: ({ missingBlocks }) => missingBlocks,
    }),
    missingTransactions: t.field({
      type: [HeightRangeType],
      description: "Heights whose block says another number of transactions than are stored.",
      resolve: ({ missingTransactions }) => missingTransactions,
    }),
  }),
});

ChainType.implement({
  description: "A chain: a network and its chain id.",
  interfaces: [NodeType],
  fields: (t) => ({
    id: t.id({ description: "The global id.", resolve: (chain) => writeId({ type: "Chain", chain }) }),
    network: t.exposeString("network", { description: "The network, for example cosmos or ethereum." }),
    chainId: t.exposeString("chainId", { description: "The chain's own id, for example cosmoshub-4 or 1." }),
    head: t.field({
      type: BlockType,
      nullable: true,
      description: "The highest stored block. Null while nothing is stored.",
      resolve: async (chain, _args, { loaders }) => (await loaders.chain(chain))?.head,
    }),
    networkHead: t.field({
      type: NetworkHeadType,
      nullable: true,
      description: "The newest height that a worker reported for the network, and when.",
      resolve: async (chain, _args, { loaders }) => (await loaders.chain(chain))?.networkHead,
    }),
    lag: t.field({
      type: "Height",
      nullable: true,
      description: "networkHead minus head, in blocks. Null while either is unknown.",
      resolve: async (chain, _args, { loaders }) => {
        const record = await loaders.chain(chain);
        if (record?.head === undefined || record.networkHead === undefined) return null;
        // A worker's report may be older than what is stored by now.
        return Math.max(0, record.networkHead.height - record.head.height);
      },
    }),
    firstHeight: t.field({
      type: "Height",
      nullable: true,
      description: "The lowest stored height. Null while nothing is stored.",
      resolve: async (chain, _args, { loaders }) => (await loaders.chain(chain))?.firstHeight,
    }),
    indexed: t.field({
      type: [HeightRangeType],
      description:
        "Heights whose block and all of whose transactions are stored, as few ranges as describe them.",
      args: {
        from: t.arg({ type: "Height", description: "Not below this height." }),
        to: t.arg({ type: "Height", description: "Not above this height." }),
      },
      extensions: weight(5),
      resolve: (chain, { from, to }, { client }) => {
        if (typeof from === "number" && typeof to === "number") readRange({ from, to }, "from");
        return client.indexed(chain, {
          ...(typeof from === "number" && { from }),
          ...(typeof to === "number" && { to }),
        });
      },
    }),
    coverage: t.field({
      type: CoverageType,
      description:
        "What is missing between two heights: blocks never stored, and blocks that hold fewer or more transactions than they say.",
      args: {
        from: t.arg({ type: "Height", required: true, description: "The lowest height." }),
        to: t.arg({ type: "Height", required: true, description: "The highest height." }),
      },
      extensions: weight(50),
      resolve: (chain, range, { client }) => client.coverage(chain, readRange(range, "from")),
    }),
    transactionCount: t.field({
      type: CountType,
      description: "How many transactions are stored.",
      args: countArguments,
      extensions: countWeight,
      resolve: ({ network, chainId }, { exact }, { client }) =>
        client.countTransactions({ network, chainIds: [chainId] }, exact ?? false),
    }),
    quarantined: t.int({
      description: "How many heights and transactions could not be decoded and wait to be repaired.",
      resolve: async (chain, _args, { loaders }) => (await loaders.chain(chain))?.quarantined ?? 0,
    }),
    workers: t.field({
      type: [WorkerType],
      description: "The workers that serve it.",
      resolve: (chain, _args, { client }) => client.workers(chain),
    }),
  }),
});

builder.queryField("chains", (t) =>
  t.field({
    type: [ChainType],
    description: "Every chain that is known.",
    args: { network: t.arg.string({ description: "Only of this network." }) },
    extensions: cost((_args, inner) => 1 + chainsInList * Math.max(inner, 1)),
    resolve: async (_root, { network }, { client, loaders }) => {
      const records = await client.chains(network ?? undefined);
      for (const record of records) loaders.rememberChain(record);
      return records.map(({ chain }) => chain);
    },
  }),
);

builder.queryField("chain", (t) =>
  t.field({
    type: ChainType,
    nullable: true,
    description: "A chain by its name; null where it is not known.",
    args: {
      network: t.arg.string({ required: true, description: "The network." }),
      chainId: t.arg.string({ required: true, description: "The chain's own id." }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { minHeight, ...chain }, context) => {
      await waitUntilIndexed(context, chain, minHeight);
      return (await context.loaders.chain(chain))?.chain;
    },
  }),
);
