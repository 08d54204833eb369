// A height as read from a node, in one form for RPC and gRPC.
// Imports only domain; never decodes a transaction.
import type { UnixNanos } from "../../../domain/time.js";
import type { NodeEvent } from "./node-events.js";

/** A block as a node returns it. Hashes are in upper case hexadecimal. */
export interface RawCosmosBlock {
  readonly chainId: string;
  readonly height: number;
  readonly hash: string;
  /** Absent in a chain's first block. */
  readonly parentHash?: string;
  readonly time: UnixNanos;
  /** The proposer's consensus address in upper case hexadecimal. */
  readonly proposer?: string;
  readonly transactions: readonly Uint8Array[];
}

/** The result of executing one transaction. */
export interface RawCosmosResult {
  /** Why no node has the result: all other fields are empty then, and the transaction has errors. */
  readonly unknownReason?: string;
  readonly code: number;
  readonly codespace: string;
  readonly log: string;
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly events: readonly NodeEvent[];
}

/** Creates the placeholder of a result that no node has. */
export function unknownResult(reason: string): RawCosmosResult {
  return { unknownReason: reason, code: 0, codespace: "", log: "", gasWanted: 0n, gasUsed: 0n, events: [] };
}

/** A block and one result for each of its transactions, by position. */
export interface RawCosmosHeight {
  readonly block: RawCosmosBlock;
  readonly results: readonly RawCosmosResult[];
}
