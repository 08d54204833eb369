// What is stored of a range, and what is missing. Pure values; imports only domain; never does I/O.
import type { HeightRange } from "./height.js";

/** The proof of a range: counted, not remembered. */
export interface Coverage {
  readonly range: HeightRange;
  readonly complete: boolean;
  readonly blocks: bigint;
  readonly transactions: bigint;
  /** Heights whose block is not stored. */
  readonly missingBlocks: readonly HeightRange[];
  /** Heights whose block says a different number of transactions than are stored. */
  readonly missingTransactions: readonly HeightRange[];
}
