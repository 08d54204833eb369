// Mutation.scrapeLatest: one step of following the head. Imports the client's port and this folder. Never runs the step.
import type { FollowResult } from "../client/port.js";
import { builder } from "./builder.js";
import { weight } from "./cost.js";
import { withInputPath } from "./input-errors.js";
import { ChainInput } from "./inputs.js";

const ScrapeLatestInput = builder.inputType("ScrapeLatestInput", {
  description: "Which chain to fetch new blocks of.",
  fields: (t) => ({
    chain: t.field({ type: ChainInput, required: true, description: "The chain." }),
    maxHeights: t.int({
      description: "The most heights to fetch, 1 to 100000. The setting of the manager by default.",
    }),
  }),
});

const ScrapeLatestPayload = builder.objectRef<FollowResult>("ScrapeLatestPayload").implement({
  description: "The state after one step of following.",
  fields: (t) => ({
    height: t.field({
      type: "Height",
      nullable: true,
      description: "The height of the highest stored block. Null while nothing is stored.",
      resolve: ({ head }) => head?.height,
    }),
    hash: t.string({
      nullable: true,
      description: "The hash of the highest stored block. Null while nothing is stored.",
      resolve: ({ head }) => head?.hash,
    }),
    time: t.field({
      type: "DateTime",
      nullable: true,
      description: "The time of the highest stored block. Null while nothing is stored.",
      resolve: ({ head }) => head?.time,
    }),
    blocks: t.exposeInt("blocks", { description: "The number of blocks that the step stored." }),
    transactions: t.exposeInt("transactions", {
      description: "The number of transactions that the step stored.",
    }),
    processing: t.exposeBoolean("processing", {
      description: "Whether a step still goes on: at another manager, or for longer than this call waits.",
    }),
  }),
});

builder.mutationField("scrapeLatest", (t) =>
  t.field({
    type: ScrapeLatestPayload,
    description:
      "Fetches what is new, from the lowest missing height upward. Safe to call at any time, several times at once, and at several managers.",
    args: { input: t.arg({ type: ScrapeLatestInput, required: true, description: "The chain." }) },
    extensions: weight(100),
    resolve: (_root, { input: { chain, maxHeights } }, { client, disconnected, closing }) =>
      withInputPath("input", () =>
        client.scrapeLatest(
          { chain, ...(maxHeights !== null && maxHeights !== undefined && { maxHeights }) },
          AbortSignal.any([disconnected, closing]),
        ),
      ),
  }),
);
