// The stored and the missing data of a range. Pure values; imports only domain; never does I/O.
import type { HeightRange } from "./height.js";

/** The proof of a range, counted over the stored rows. */
export interface Coverage {
  readonly range: HeightRange;
  readonly complete: boolean;
  readonly blocks: bigint;
  readonly transactions: bigint;
  /** Heights whose block is not stored. */
  readonly missingBlocks: readonly HeightRange[];
  /** Heights where the number of stored transactions differs from the block's own number. */
  readonly missingTransactions: readonly HeightRange[];
}
