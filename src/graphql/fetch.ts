// Fetching from a chain through the workers: Query.fetch and Subscription.fetch. Imports client's types and this folder.
// Never stores data itself.
import type { InputShapeFromFields } from "@pothos/core";
import type { FetchAccepted, FetchFinal, FetchPart, FetchRequest } from "../client/port.js";
import type { Block } from "../domain/block.js";
import { IndexerError } from "../domain/errors.js";
import type { StoredTransaction } from "../store/port.js";
import { builder } from "./builder.js";
import type { GatewayContext } from "./context.js";
import { cost, weight } from "./cost.js";
import { fetchEvents } from "./fetch-events.js";
import { readRange } from "./filters.js";
import { ChainInput, HeightRangeInput } from "./inputs.js";
import { BlockType, TransactionType, WorkErrorType } from "./refs.js";
import { backpressured } from "./subscriber.js";

/** The cost of the work of the workers, beside the objects in the response. */
const fetchWeight = 100;

const FetchTargetInput = builder.inputType("FetchTarget", {
  description:
    "What to fetch: the heights from 'from' to 'to', both included, or one transaction by its hash.",
  isOneOf: true,
  fields: (t) => ({
    heights: t.field({
      type: HeightRangeInput,
      description: "All blocks and transactions of these heights.",
    }),
    hash: t.string({ description: "The transaction with this hash." }),
  }),
});

const FinalStatusType = builder.enumType("FinalStatus", {
  description: "How a fetch ended.",
  values: {
    SUCCEEDED: { description: "Everything that was requested is stored.", value: "SUCCEEDED" },
    FAILED: { description: "Not everything is stored. 'error' holds the reason.", value: "FAILED" },
    CANCELLED: { description: "The fetch was cancelled.", value: "CANCELLED" },
  } as const satisfies Record<FetchFinal["status"], { description: string; value: string }>,
});

const FetchAcceptedType = builder.objectRef<FetchAccepted>("FetchAccepted").implement({
  description: "The fetch was accepted. Its parts follow.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of the fetch." }),
    tasks: t.exposeInt("tasks", { description: "The number of tasks into which the fetch is split." }),
    workers: t.field({
      type: ["String"],
      description: "The ids of the workers that read the chain now.",
      resolve: ({ workers }) => workers,
    }),
  }),
});

const FetchPartType = builder.objectRef<FetchPart>("FetchPart").implement({
  description: "A part of the fetch. It is returned after it is stored.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of the fetch." }),
    order: t.exposeInt("order", { description: "The position of the part: 0, 1, 2, ... without a gap." }),
    worker: t.exposeString("worker", { description: "The id of the worker that sent the part." }),
    blocks: t.field({ type: [BlockType], description: "The blocks.", resolve: ({ blocks }) => blocks }),
    transactions: t.field({
      type: [TransactionType],
      description: "The transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    progress: t.exposeFloat("progress", {
      description: "The share of the requested heights that is stored, from 0 to 1.",
    }),
  }),
});

const FetchFinalType = builder.objectRef<FetchFinal>("FetchFinal").implement({
  description: "The end of the fetch. Nothing follows.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of the fetch." }),
    status: t.field({
      type: FinalStatusType,
      description: "How the fetch ended.",
      resolve: ({ status }) => status,
    }),
    parts: t.exposeInt("parts", { description: "The number of parts before it." }),
    blockCount: t.exposeInt("blockCount", { description: "The number of blocks in all parts." }),
    transactionCount: t.exposeInt("transactionCount", {
      description: "The number of transactions in all parts.",
    }),
    durationMs: t.exposeInt("durationMs", { description: "The duration of the fetch, in milliseconds." }),
    error: t.field({
      type: WorkErrorType,
      nullable: true,
      description:
        "Why the fetch failed. Parts that were stored before stay stored. Null if it did not fail.",
      resolve: ({ error }) => error,
    }),
  }),
});

const FetchEventType = builder.unionType("FetchEvent", {
  description:
    "One event of a fetch: FetchAccepted, then each FetchPart in the order in which it was stored, then exactly one FetchFinal.",
  types: [FetchAcceptedType, FetchPartType, FetchFinalType],
  resolveType: ({ kind }) => {
    if (kind === "accepted") return FetchAcceptedType;
    return kind === "part" ? FetchPartType : FetchFinalType;
  },
});

interface FetchResult {
  readonly blocks: Block[];
  readonly transactions: StoredTransaction[];
  readonly final: FetchFinal;
}

const FetchResultType = builder.objectRef<FetchResult>("FetchResult").implement({
  description: "Everything that a fetch returned.",
  fields: (t) => ({
    blocks: t.field({ type: [BlockType], description: "The blocks.", resolve: ({ blocks }) => blocks }),
    transactions: t.field({
      type: [TransactionType],
      description: "The transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    final: t.field({
      type: FetchFinalType,
      description: "How the fetch ended.",
      resolve: ({ final }) => final,
    }),
  }),
});

const fetchArguments = builder.args((t) => ({
  chain: t.field({ type: ChainInput, required: true, description: "The chain to fetch from." }),
  target: t.field({
    type: FetchTargetInput,
    required: true,
    description: "The heights or the transaction to fetch.",
  }),
}));

async function collect(context: GatewayContext, request: FetchRequest): Promise<FetchResult> {
  const blocks: Block[] = [];
  const transactions: StoredTransaction[] = [];
  for await (const event of fetchEvents(context, request, context.disconnected)) {
    if (event.kind === "part") {
      for (const block of event.blocks) blocks.push(block);
      for (const transaction of event.transactions) transactions.push(transaction);
    }
    if (event.kind === "final") return { blocks, transactions, final: event };
  }
  throw new IndexerError("INTERNAL", "The fetch ended without its final.");
}

/** The request of a fetch. The client checks the number of heights and the hash. */
function readRequest(
  { chain, target }: InputShapeFromFields<typeof fetchArguments>,
  maxHeights: number,
  caller: string,
): FetchRequest {
  const { heights, hash } = target;
  const checked = heights === undefined ? { hash } : { heights: readRange(heights, "target.heights") };
  return { chain, target: checked, caller, maxHeights };
}

builder.queryField("fetch", (t) =>
  t.field({
    type: FetchResultType,
    description:
      "Fetches from the chain through the workers, stores everything, and responds after the final. At most 1000 heights and 10 minutes.",
    args: fetchArguments,
    extensions: cost(({ target }, inner) => fetchWeight + heightsOf(target) * Math.max(inner, 1)),
    resolve: (_root, args, context) =>
      collect(context, readRequest(args, context.limits.queryFetchHeights, context.caller)),
  }),
);

/** The number of heights in a target that is not checked yet. */
function heightsOf(target: unknown): number {
  if (typeof target !== "object" || target === null || !("heights" in target)) return 1;
  const { heights } = target;
  if (typeof heights !== "object" || heights === null || !("from" in heights) || !("to" in heights)) return 1;
  const size = Number(heights.to) - Number(heights.from) + 1;
  // The client rejects a wrong or too large range with a more specific error.
  return Math.min(Math.max(size, 1), 1_000);
}

builder.subscriptionField("fetch", (t) =>
  t.field({
    type: FetchEventType,
    description:
      "Fetches from the chain through the workers and returns each part after it is stored, until the final. Ending the subscription cancels the work. At most 100000 heights and 10 minutes.",
    args: fetchArguments,
    extensions: weight(fetchWeight),
    subscribe: (_root, args, context) => {
      const request = readRequest(args, context.limits.subscriptionFetchHeights, context.caller);
      return backpressured(context, { source: (signal) => fetchEvents(context, request, signal) });
    },
    resolve: (event) => event,
  }),
);
