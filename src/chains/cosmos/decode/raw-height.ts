// A height as read from a node, in one form for every source.
// Imports only domain; never decoded beyond what every source gives alike.
import type { UnixNanos } from "../../../domain/time.js";
import type { NodeEvent } from "./node-events.js";

/** A block as its node gives it. Hashes in upper case hexadecimal. */
export interface RawCosmosBlock {
  readonly chainId: string;
  readonly height: number;
  readonly hash: string;
  /** Absent for a chain's first block. */
  readonly parentHash?: string;
  readonly time: UnixNanos;
  /** The proposer's consensus address in upper case hexadecimal, as the block has it. */
  readonly proposer?: string;
  readonly transactions: readonly Uint8Array[];
}

/** What running one transaction gave. */
export interface RawCosmosResult {
  /** Why no node tells it: all else is then empty, and the transaction is no good one. */
  readonly unknownReason?: string;
  readonly code: number;
  readonly codespace: string;
  readonly log: string;
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly events: readonly NodeEvent[];
}

/** The result of a transaction that no node tells. */
export function unknownResult(reason: string): RawCosmosResult {
  return { unknownReason: reason, code: 0, codespace: "", log: "", gasWanted: 0n, gasUsed: 0n, events: [] };
}

/** A block and one result for each of its transactions, by position. */
export interface RawCosmosHeight {
  readonly block: RawCosmosBlock;
  readonly results: readonly RawCosmosResult[];
}
