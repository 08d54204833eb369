// References to the types that refer to each other, over the domain values behind them.
// Imports domain and the builder. Never adds fields: the file of each noun does.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Order } from "../domain/search.js";
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

/** The type of a list's order. */
export const OrderType = builder.enumType("Order", {
  description: "The order of a list: by height, then by position in the block, then by chain.",
  values: {
    NEWEST_FIRST: { description: "From the highest height down.", value: "NEWEST_FIRST" },
    OLDEST_FIRST: { description: "From the lowest height up.", value: "OLDEST_FIRST" },
  } as const satisfies Record<Order, { description: string; value: Order }>,
});
