// Chains: their type, Query.chains and Query.chain. Imports domain and this folder.
// Never reads data except through the client.
import type { ChainRef } from "../domain/chain.js";
import type { Coverage } from "../domain/coverage.js";
import type { ChainRecord } from "../store/port.js";
import { builder } from "./builder.js";
import { countArguments, CountType, countWeight } from "./connection.js";
import { cost, weight } from "./cost.js";
import { readRange } from "./filters.js";
import { minHeightArgument, waitUntilIndexed } from "./min-height.js";
import { nodeKeys } from "./opaque.js";
import { BlockType, ChainType, HeightRangeType, WorkerType } from "./refs.js";

/** The number of chains that the cost of a list assumes. */
const chainsInList = 10;

const NetworkHeadType = builder.objectRef<NonNullable<ChainRecord["networkHead"]>>("NetworkHead").implement({
  description: "The newest block of the network, as a worker reported it.",
  fields: (t) => ({
    height: t.field({
      type: "Height",
      description: "The height of the newest block.",
      resolve: ({ height }) => height,
    }),
    observedAt: t.field({
      type: "DateTime",
      description: "When a worker reported the height.",
      resolve: ({ observedAt }) => observedAt,
    }),
  }),
});

const CoverageType = builder.objectRef<Coverage>("Coverage").implement({
  description: "What is stored between two heights, and what is missing.",
  fields: (t) => ({
    from: t.field({ type: "Height", description: "The lowest height.", resolve: ({ range }) => range.from }),
    to: t.field({ type: "Height", description: "The highest height.", resolve: ({ range }) => range.to }),
    complete: t.exposeBoolean("complete", {
      description: "Whether every block and all of their transactions are stored.",
    }),
    blocks: t.field({
      type: "BigInt",
      description: "The number of stored blocks.",
      resolve: ({ blocks }) => blocks,
    }),
    transactions: t.field({
      type: "BigInt",
      description: "The number of stored transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    missingBlocks: t.field({
      type: [HeightRangeType],
      description: "The heights whose block is not stored.",
      resolve: ({ missingBlocks }) => missingBlocks,
    }),
    missingTransactions: t.field({
      type: [HeightRangeType],
      description:
        "The heights whose block reports a number of transactions that differs from the stored number.",
      resolve: ({ missingTransactions }) => missingTransactions,
    }),
  }),
});

builder.nodeRef(ChainType, {
  id: {
    description: "The global id of the chain.",
    resolve: ({ network, chainId }: ChainRef) => JSON.stringify([network, chainId]),
    parse: (key) => nodeKeys.Chain.parse(JSON.parse(key)),
  },
  loadWithoutCache: async (chain, { loaders }) => (await loaders.chain(chain))?.chain,
});

ChainType.implement({
  description: "A chain, named by its network and its chain id.",
  fields: (t) => ({
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
      description: "The height of networkHead minus the height of head. Null while either is unknown.",
      resolve: async (chain, _args, { loaders }) => {
        const record = await loaders.chain(chain);
        if (record?.head === undefined || record.networkHead === undefined) return null;
        // The report of a worker may be older than the newest stored block.
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
      description: "The heights whose block is stored with all of its transactions, as the fewest ranges.",
      args: {
        from: t.arg({ type: "Height", description: "The lowest height to return." }),
        to: t.arg({ type: "Height", description: "The highest height to return." }),
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
        "What is missing between two heights: blocks that are not stored, and blocks stored with fewer or more transactions than they report.",
      args: {
        from: t.arg({ type: "Height", required: true, description: "The lowest height." }),
        to: t.arg({ type: "Height", required: true, description: "The highest height." }),
      },
      extensions: weight(50),
      resolve: (chain, range, { client }) => client.coverage(chain, readRange(range, "from")),
    }),
    transactionCount: t.field({
      type: CountType,
      description: "The number of stored transactions.",
      args: countArguments,
      extensions: countWeight,
      resolve: ({ network, chainId }, { exact }, { client }) =>
        client.countTransactions({ network, chainIds: [chainId] }, exact ?? false),
    }),
    quarantined: t.int({
      description:
        "The number of heights and transactions in quarantine: they could not be decoded, and are fetched again from time to time.",
      resolve: async (chain, _args, { loaders }) => (await loaders.chain(chain))?.quarantined ?? 0,
    }),
    workers: t.field({
      type: [WorkerType],
      description: "The workers that read the chain and are registered at this manager.",
      resolve: (chain, _args, { client }) => client.workers(chain),
    }),
  }),
});

builder.queryField("chains", (t) =>
  t.field({
    type: [ChainType],
    description: "All known chains.",
    args: { network: t.arg.string({ description: "Returns only chains of this network." }) },
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
    description: "One chain, by its network and chain id. Null if the chain is not known.",
    args: {
      network: t.arg.string({ required: true, description: "The network, for example cosmos or ethereum." }),
      chainId: t.arg.string({
        required: true,
        description: "The chain's own id, for example cosmoshub-4 or 1.",
      }),
      minHeight: minHeightArgument,
    },
    resolve: async (_root, { minHeight, ...chain }, context) => {
      await waitUntilIndexed(context, chain, minHeight);
      return (await context.loaders.chain(chain))?.chain;
    },
  }),
);
