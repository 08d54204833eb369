// A block. Pure values; imports only domain; never does I/O.
import type { ChainRef } from "./chain.js";
import type { Height } from "./height.js";
import type { UnixNanos } from "./time.js";

/** A block in the common format. */
export interface Block {
  readonly chain: ChainRef;
  readonly height: Height;
  readonly hash: string;
  readonly parentHash?: string;
  readonly time: UnixNanos;
  readonly epoch?: string;
  readonly proposer?: string;
  /** The number of transactions that the block itself states. */
  readonly transactionCount: number;
}
