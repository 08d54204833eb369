// Fetching from the chain through the workers: asked once, or listened to. Imports client's port and this folder.
// Never stores anything itself.
import type {
  FetchAccepted,
  FetchFinal,
  FetchPart,
  FetchRequest,
  FetchTarget,
  WorkFailure,
} from "../client/port.js";
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { rangeSize } from "../domain/height.js";
import type { StoredTransaction } from "../store/port.js";
import { builder } from "./builder.js";
import type { GatewayContext } from "./context.js";
import { cost, weight } from "./cost.js";
import { fetchEvents } from "./fetch-events.js";
import { canonicalHash, readRange } from "./filters.js";
import { badInput } from "./input-errors.js";
import { ChainInput, HeightRangeInput } from "./inputs.js";
import { BlockType, TransactionType } from "./refs.js";
import { pacedOf } from "./subscriber.js";

/** What asking the workers costs beside the answer. */
const fetchWeight = 100;

const FetchTargetInput = builder.inputType("FetchTarget", {
  description: "What to fetch: heights from 'from' to 'to', both included, or one transaction by its hash.",
  isOneOf: true,
  fields: (t) => ({
    heights: t.field({
      type: HeightRangeInput,
      description: "Every block and transaction of these heights.",
    }),
    hash: t.string({ description: "The transaction with this hash." }),
  }),
});

const WorkErrorType = builder.objectRef<WorkFailure>("WorkError").implement({
  description: "Why work failed.",
  fields: (t) => ({
    code: t.exposeString("code", { description: "A code of the table of errors." }),
    message: t.exposeString("message", { description: "What happened and how to mend it." }),
    retryable: t.exposeBoolean("retryable", { description: "Whether asking again, unchanged, may help." }),
    height: t.field({
      type: "Height",
      nullable: true,
      description: "Where it happened.",
      resolve: ({ height }) => height,
    }),
  }),
});

const FinalStatusType = builder.enumType("FinalStatus", {
  description: "How a fetch ended.",
  values: {
    SUCCEEDED: { description: "Everything that was asked is stored.", value: "SUCCEEDED" },
    FAILED: { description: "Not everything came; 'error' says why.", value: "FAILED" },
    CANCELLED: { description: "It was cancelled.", value: "CANCELLED" },
  } as const satisfies Record<FetchFinal["status"], { description: string; value: string }>,
});

const FetchAcceptedType = builder.objectRef<FetchAccepted>("FetchAccepted").implement({
  description: "The fetch was accepted; its parts follow.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of this fetch." }),
    tasks: t.exposeInt("tasks", { description: "In how many tasks it is cut." }),
    workers: t.field({
      type: ["String"],
      description: "Ids of the workers that serve the chain now.",
      resolve: ({ workers }) => workers,
    }),
  }),
});

const FetchPartType = builder.objectRef<FetchPart>("FetchPart").implement({
  description: "A part of the answer, told once it is stored.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of this fetch." }),
    order: t.exposeInt("order", { description: "0, 1, 2, ... without a gap." }),
    worker: t.exposeString("worker", { description: "The id of the worker that sent it." }),
    blocks: t.field({ type: [BlockType], description: "Its blocks.", resolve: ({ blocks }) => blocks }),
    transactions: t.field({
      type: [TransactionType],
      description: "Its transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    progress: t.exposeFloat("progress", {
      description: "Share of the asked heights that is stored, from 0 to 1.",
    }),
  }),
});

const FetchFinalType = builder.objectRef<FetchFinal>("FetchFinal").implement({
  description: "The last answer; nothing follows.",
  fields: (t) => ({
    fetchId: t.exposeID("fetchId", { description: "The id of this fetch." }),
    status: t.field({ type: FinalStatusType, description: "How it ended.", resolve: ({ status }) => status }),
    parts: t.exposeInt("parts", { description: "How many parts came before." }),
    blockCount: t.exposeInt("blockCount", { description: "How many blocks they held." }),
    transactionCount: t.exposeInt("transactionCount", {
      description: "How many transactions they held.",
    }),
    durationMs: t.exposeInt("durationMs", { description: "Milliseconds that it took." }),
    error: t.field({
      type: WorkErrorType,
      nullable: true,
      description: "Why it failed; what was stored until then stays.",
      resolve: ({ error }) => error,
    }),
  }),
});

const FetchEventType = builder.unionType("FetchEvent", {
  description:
    "One answer from a worker, in the order in which it was stored. FetchFinal is the last, always, and there is exactly one.",
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
  description: "Everything that a fetch brought.",
  fields: (t) => ({
    blocks: t.field({ type: [BlockType], description: "Its blocks.", resolve: ({ blocks }) => blocks }),
    transactions: t.field({
      type: [TransactionType],
      description: "Its transactions.",
      resolve: ({ transactions }) => transactions,
    }),
    final: t.field({ type: FetchFinalType, description: "How it ended.", resolve: ({ final }) => final }),
  }),
});

const fetchArguments = builder.args((t) => ({
  chain: t.field({ type: ChainInput, required: true, description: "From this chain." }),
  target: t.field({
    type: FetchTargetInput,
    required: true,
    description: "Which heights, or which transaction.",
  }),
}));

interface FetchBounds {
  readonly maxHeights: number;
  /** What to use instead for more. */
  readonly beyond: string;
}

/** The request, checked before any worker is asked. */
function readRequest(
  { chain, target }: { readonly chain: ChainRef; readonly target: typeof FetchTargetInput.$inferInput },
  { maxHeights, beyond }: FetchBounds,
  caller: string,
): FetchRequest {
  return { chain, target: readTarget(), caller: caller, maxHeights };

  function readTarget(): FetchTarget {
    if (target.heights === undefined) return { hash: canonicalHash(target.hash, chain.network) };
    const heights = readRange(target.heights, "target.heights");
    const size = rangeSize(heights);
    if (size > maxHeights) {
      throw badInput("target.heights", `${size} heights are more than ${maxHeights}: ${beyond}`, {
        limit: maxHeights,
        actual: size,
      });
    }
    return { heights };
  }
}

async function collect(context: GatewayContext, request: FetchRequest): Promise<FetchResult> {
  const blocks: Block[] = [];
  const transactions: StoredTransaction[] = [];
  for await (const event of fetchEvents(context, request, context.left)) {
    if (event.kind === "part") {
      for (const block of event.blocks) blocks.push(block);
      for (const transaction of event.transactions) transactions.push(transaction);
    }
    if (event.kind === "final") return { blocks, transactions, final: event };
  }
  throw new IndexerError("INTERNAL", "A fetch ended without its final.");
}

builder.queryField("fetch", (t) =>
  t.field({
    type: FetchResultType,
    description:
      "Fetches from the chain through the workers, stores, and answers when the final came. At most 1000 heights and 10 minutes.",
    args: fetchArguments,
    extensions: cost(({ target }, inner) => fetchWeight + heightsOf(target) * Math.max(inner, 1)),
    resolve: (_root, args, context) => {
      const { queryFetchHeights, subscriptionFetchHeights } = context.limits;
      const bounds = {
        maxHeights: queryFetchHeights,
        beyond: `subscribe to 'fetch' for up to ${subscriptionFetchHeights}, or use 'startRun'.`,
      };
      return collect(context, readRequest(args, bounds, context.caller));
    },
  }),
);

/** How many heights an unchecked target names. */
function heightsOf(target: unknown): number {
  if (typeof target !== "object" || target === null || !("heights" in target)) return 1;
  const { heights } = target;
  if (typeof heights !== "object" || heights === null || !("from" in heights) || !("to" in heights)) return 1;
  const size = Number(heights.to) - Number(heights.from) + 1;
  // What is wrong or too large is refused in its own words later.
  return Math.min(Math.max(size, 1), 1_000);
}

builder.subscriptionField("fetch", (t) =>
  t.field({
    type: FetchEventType,
    description:
      "Asks the workers and delivers each part as it is stored, until the final. Ending the subscription cancels the work. At most 100000 heights and 10 minutes.",
    args: fetchArguments,
    extensions: weight(fetchWeight),
    subscribe: (_root, args, context) => {
      const bounds = { maxHeights: context.limits.subscriptionFetchHeights, beyond: "use 'startRun'." };
      const request = readRequest(args, bounds, context.caller);
      return pacedOf(context, { source: (signal) => fetchEvents(context, request, signal) });
    },
    resolve: (event) => event,
  }),
);
