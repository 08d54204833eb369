// Tasks: what a manager asks of a worker and what comes back. Pure values; imports only domain; never does I/O.
import type { Amount } from "./amount.js";
import type { Block } from "./block.js";
import type { ChainRef } from "./chain.js";
import type { Height, HeightRange } from "./height.js";
import type { BlockData, Transaction } from "./transaction.js";

/** One request to one worker. Every task ends with exactly one final. */
export type TaskRequest =
  | { readonly kind: "heights"; readonly chain: ChainRef; readonly range: HeightRange }
  | { readonly kind: "transaction"; readonly chain: ChainRef; readonly hash: string }
  /** What is new after a block; without one, the newest heights. At most `limit` heights. */
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

/** What is asked about an account at a height. */
export type AccountQuery = "reward" | "balance" | "delegations";

/** The newest block that the caller holds. */
export interface LastKnownBlock {
  readonly height: Height;
  readonly hash?: string;
}

/** One thing that a chain answers. */
export type TaskResult =
  /** A whole height: the block and every one of its transactions. */
  | ({ readonly kind: "height" } & BlockData)
  /** A transaction asked by its hash, with its block; the block's other transactions are not here. */
  | { readonly kind: "transaction"; readonly block: Block; readonly transaction: Transaction }
  /** What could not be decoded: the whole height, or, before its height, one of its transactions, of which the height holds what could. */
  | ({ readonly kind: "quarantine" } & Quarantined)
  | { readonly kind: "reward"; readonly height: Height; readonly rewards: readonly ValidatorAmounts[] }
  | { readonly kind: "balance"; readonly height: Height; readonly balances: readonly Amount[] }
  | { readonly kind: "delegations"; readonly height: Height; readonly delegations: readonly Delegation[] };

/** A height, or one transaction of it, that could not be decoded. */
export interface Quarantined {
  readonly height: Height;
  /** The transaction's position in its block; absent where the whole height is meant. */
  readonly index?: number;
  readonly error: string;
  readonly raw?: Uint8Array;
}

/** Pending rewards from one validator. */
export interface ValidatorAmounts {
  readonly validator: string;
  readonly amounts: readonly Amount[];
}

/** What an account has staked with one validator. */
export interface Delegation {
  readonly delegator: string;
  readonly validator: string;
  /** A decimal number, never in exponent form. */
  readonly shares: string;
  readonly balance: Amount;
}

/** Whether, and where, a failed task may be asked again. */
export type Retry = "never" | "same-worker" | "other-worker";

/** Why a task failed, in the worker's words. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";

  constructor(
    message: string,
    readonly retry: Retry,
    readonly details: {
      /** A short constant name of the failure, such as `rate_limited`, `not_found`, `pruned`. */
      readonly type?: string;
      /** Milliseconds to wait before the same worker is asked again. */
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
