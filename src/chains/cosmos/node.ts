// One node of a Cosmos chain, whichever protocol it speaks.
// Imports only domain, lib and decode/; never chooses between nodes.
import type { Height } from "../../domain/height.js";
import type { ChainHead } from "../../domain/chain.js";
import type { TakeOnce } from "../../lib/take-once.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";

/** How far a node is. */
export interface NodeStatus {
  readonly chainId: string;
  readonly head: ChainHead;
}

/** A query of the chain's state: a method's path, `/cosmos.bank.v1beta1.Query/AllBalances`, and its request in protobuf. */
export interface StateQuery {
  readonly path: string;
  readonly request: Uint8Array;
  readonly height: Height;
}

/** What was read, and the length of the answers in bytes: by it, reading ahead is kept small. */
export interface Measured<T> {
  readonly value: T;
  readonly bytes: number;
}

/** What is asked of a node. Rejects with an EndpointError where another node may do better, with a TaskFailure where none can. */
export interface CosmosNode {
  status(signal: AbortSignal): Promise<NodeStatus>;
  /** The first height that the node still has. */
  earliest(signal: AbortSignal): Promise<Height>;
  block(height: Height, signal: AbortSignal): Promise<Measured<RawCosmosBlock>>;
  /** The results of a block's transactions, by position: of each, unless those that the node lost may be left unknown. */
  results(
    block: RawCosmosBlock,
    signal: AbortSignal,
    options?: { readonly leaveUnknown: boolean },
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>>;
  /** The height that holds a transaction, as the node's index says. */
  findHeight(hash: string, signal: AbortSignal): Promise<Height>;
  /** The response to a query of state, in protobuf. */
  query(query: StateQuery, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
