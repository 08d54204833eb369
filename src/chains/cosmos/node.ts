// The port of one node of a Cosmos chain, implemented over RPC and gRPC.
// Imports only domain, lib and decode/; never chooses between nodes.
import type { Height } from "../../domain/height.js";
import type { ChainHead } from "../../domain/chain.js";
import type { TakeOnce } from "../../lib/take-once.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";

/** The chain id and the newest block of a node. */
export interface NodeStatus {
  readonly chainId: string;
  readonly head: ChainHead;
}

/** A query of the chain's state: a gRPC method's path (`/cosmos.bank.v1beta1.Query/AllBalances`) and its request in protobuf. */
export interface StateQuery {
  readonly path: string;
  readonly request: Uint8Array;
  readonly height: Height;
}

/** A value and the bytes of its response, which bound the read-ahead. */
export interface Measured<T> {
  readonly value: T;
  readonly bytes: number;
}

/** Requests to one node. They reject with an EndpointError if another node may succeed, with a TaskFailure if none can. */
export interface CosmosNode {
  status(signal: AbortSignal): Promise<NodeStatus>;
  /** The lowest height that the node has. */
  earliest(signal: AbortSignal): Promise<Height>;
  block(height: Height, signal: AbortSignal): Promise<Measured<RawCosmosBlock>>;
  /** The results of a block's transactions, by position. With `leaveUnknown`, a result that the node lost is an unknown one instead of an error. */
  results(
    block: RawCosmosBlock,
    signal: AbortSignal,
    options?: { readonly leaveUnknown: boolean },
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>>;
  /** The height of a transaction by its hash (64 upper case hexadecimal digits), from the node's index. */
  findHeight(hash: string, signal: AbortSignal): Promise<Height>;
  /** Runs a state query and returns its protobuf response. */
  query(query: StateQuery, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
