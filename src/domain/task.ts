// Tasks: the requests of a manager to a worker, and their results. Pure values; imports only domain; never does I/O.
import type { Amount } from "./amount.js";
import type { Block } from "./block.js";
import type { ChainRef } from "./chain.js";
import type { Height, HeightRange } from "./height.js";
import type { BlockData, Transaction } from "./transaction.js";

/** One request to one worker. Every task ends with exactly one final. */
export type TaskRequest =
  | { readonly kind: "heights"; readonly chain: ChainRef; readonly range: HeightRange }
  | { readonly kind: "transaction"; readonly chain: ChainRef; readonly hash: string }
  /** The heights after a block; without one, the newest heights. At most `limit` heights. */
  | {
      readonly kind: "latest";
      readonly chain: ChainRef;
      readonly after?: LastKnownBlock;
      readonly limit: number;
    }
  | {
      readonly kind: AccountQuery;
      readonly chain: ChainRef;
      readonly account: string;
      readonly height: Height;
    };

/** The kinds of account data at a height. */
export type AccountQuery = "reward" | "balance" | "delegations";

/** The newest block that the caller has stored. */
export interface LastKnownBlock {
  readonly height: Height;
  readonly hash?: string;
}

/** One result of a task. */
export type TaskResult =
  /** A whole height: the block and every one of its transactions. */
  | ({ readonly kind: "height" } & BlockData)
  /** A transaction found by its hash, with its block, without the block's other transactions. */
  | { readonly kind: "transaction"; readonly block: Block; readonly transaction: Transaction }
  /** Undecodable data: a whole height, or one transaction. A transaction precedes the result of its height, which has the rest. */
  | ({ readonly kind: "quarantine" } & Quarantined)
  | { readonly kind: "reward"; readonly height: Height; readonly rewards: readonly ValidatorAmounts[] }
  | { readonly kind: "balance"; readonly height: Height; readonly balances: readonly Amount[] }
  | { readonly kind: "delegations"; readonly height: Height; readonly delegations: readonly Delegation[] };

/** A height, or one transaction of it, that could not be decoded. */
export interface Quarantined {
  readonly height: Height;
  /** The transaction's position in its block; absent if the whole height is undecodable. */
  readonly index?: number;
  readonly error: string;
  readonly raw?: Uint8Array;
}

/** Pending rewards from one validator. */
export interface ValidatorAmounts {
  readonly validator: string;
  readonly amounts: readonly Amount[];
}

/** The stake of an account with one validator. */
export interface Delegation {
  readonly delegator: string;
  readonly validator: string;
  /** A decimal number, never in exponent form. */
  readonly shares: string;
  readonly balance: Amount;
}

/** Whether, and on which worker, a failed task may be retried. */
export type Retry = "never" | "same-worker" | "other-worker";

/** The failure of a task, as the worker reports it. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";

  constructor(
    message: string,
    readonly retry: Retry,
    readonly details: {
      /** A short constant name of the failure, such as `rate_limited`, `not_found`, `pruned`. */
      readonly type?: string;
      /** Milliseconds to wait before a retry on the same worker. */
      readonly retryAfterMs?: number;
      readonly height?: Height;
      /** A numeric code of the chain. */
      readonly code?: number;
    } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How a task ended. */
export type Outcome = "complete" | "failed" | "cancelled" | "truncated";
