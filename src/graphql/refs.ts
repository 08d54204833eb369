// References to the types that refer to each other, over the domain values behind them.
// Imports domain and the builder. Never adds fields, except to the small values that several nouns return.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { HeightRange } from "../domain/height.js";
import type { Run } from "../domain/run.js";
import type { Schedule } from "../domain/schedule.js";
import type { Order } from "../domain/search.js";
import type { WorkFailure } from "../domain/work-failure.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { StoredTransaction } from "../store/port.js";
import { builder } from "./builder.js";

/** The type of a chain. */
export const ChainType = builder.objectRef<ChainRef>("Chain");
/** The type of a block. */
export const BlockType = builder.objectRef<Block>("Block");
/** The type of a transaction. */
export const TransactionType = builder.objectRef<StoredTransaction>("Transaction");
/** The type of a worker. */
export const WorkerType = builder.objectRef<WorkerStatus>("Worker");

/** The type of a run. */
export const RunType = builder.objectRef<Run>("Run");

/** The type of a schedule. */
export const ScheduleType = builder.objectRef<Schedule>("Schedule");

/** The type of a range of heights. */
export const HeightRangeType = builder.objectRef<HeightRange>("HeightRange").implement({
  description: "The heights from 'from' to 'to', both included.",
  fields: (t) => ({
    from: t.field({ type: "Height", description: "The lowest height.", resolve: ({ from }) => from }),
    to: t.field({ type: "Height", description: "The highest height.", resolve: ({ to }) => to }),
  }),
});

/** The type of a failure of work. */
export const WorkErrorType = builder.objectRef<WorkFailure>("WorkError").implement({
  description: "The reason why work failed.",
  fields: (t) => ({
    code: t.exposeString("code", { description: "An error code, as in extensions.code of errors." }),
    message: t.exposeString("message", { description: "What failed, and what to do next." }),
    retryable: t.exposeBoolean("retryable", { description: "Whether the same request may succeed later." }),
    height: t.field({
      type: "Height",
      nullable: true,
      description: "The height that failed. Null if the failure has no single height.",
      resolve: ({ height }) => height,
    }),
  }),
});

/** The type of a page of blocks. */
export const BlockConnectionType = builder.connectionObject(
  { type: BlockType, name: "BlockConnection", description: "A page of blocks." },
  { name: "BlockEdge", description: "A block and its position in the list." },
);
/** The type of a page of transactions. */
export const TransactionConnectionType = builder.connectionObject(
  { type: TransactionType, name: "TransactionConnection", description: "A page of transactions." },
  { name: "TransactionEdge", description: "A transaction and its position in the list." },
);

/** The type of a page of runs. */
export const RunConnectionType = builder.connectionObject(
  { type: RunType, name: "RunConnection", description: "A page of runs." },
  { name: "RunEdge", description: "A run and its position in the list." },
);

/** The type of a list's order. */
export const OrderType = builder.enumType("Order", {
  description: "The order of a list: by height, then by position in the block, then by chain.",
  values: {
    NEWEST_FIRST: { description: "From the highest height down.", value: "NEWEST_FIRST" },
    OLDEST_FIRST: { description: "From the lowest height up.", value: "OLDEST_FIRST" },
  } as const satisfies Record<Order, { description: string; value: Order }>,
});
