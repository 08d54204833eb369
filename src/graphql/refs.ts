// The names of the types that refer to each other, over the domain values behind them.
// Imports domain and the builder; the fields are added by each noun's own file.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Order } from "../domain/search.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { StoredTransaction } from "../store/port.js";
import { builder } from "./builder.js";
import type { Connection } from "./connection.js";

/** Whatever has a global id. */
export type NodeValue = ChainRef | Block | StoredTransaction | WorkerStatus;

/** Whatever has a global id. */
export const NodeType = builder.interfaceRef<NodeValue>("Node");
/** A chain, by its name. */
export const ChainType = builder.objectRef<ChainRef>("Chain");
/** A block. */
export const BlockType = builder.objectRef<Block>("Block");
/** A transaction. */
export const TransactionType = builder.objectRef<StoredTransaction>("Transaction");
/** A worker. */
export const WorkerType = builder.objectRef<WorkerStatus>("Worker");
/** A page of blocks. */
export const BlockConnectionType = builder.objectRef<Connection<Block>>("BlockConnection");
/** A page of transactions. */
export const TransactionConnectionType =
  builder.objectRef<Connection<StoredTransaction>>("TransactionConnection");

/** The order of a list. */
export const OrderType = builder.enumType("Order", {
  description: "The order of a list: by height, then by position in the block, then by chain.",
  values: {
    NEWEST_FIRST: { description: "From the highest height down.", value: "NEWEST_FIRST" },
    OLDEST_FIRST: { description: "From the lowest height up.", value: "OLDEST_FIRST" },
  } as const satisfies Record<Order, { description: string; value: Order }>,
});
