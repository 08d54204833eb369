// What crosses a stream, in domain words: the session knows these frames only. A carrier turns them into its own form.
// Imports only domain; never knows proto or JSON.
import type { Block } from "../../domain/block.js";
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, Outcome, Quarantined, TaskFailure, TaskRequest } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";

/** What both sides must have before it is used. */
export type Feature = "credit" | "cancel" | "batch" | "typed" | "lease" | "count";

/** What this implementation has. */
export const supportedFeatures: readonly Feature[] = ["credit", "cancel", "batch", "typed", "lease", "count"];

/** The features of a peer that we have too. */
export function sharedFeatures(named: readonly string[]): readonly Feature[] {
  return supportedFeatures.filter((feature) => named.includes(feature));
}

/** An answer about an account. */
export type AccountResult = Extract<TaskResult, { kind: "reward" | "balance" | "delegations" }>;

/** The smallest things that are sent; heights are put together from them. */
export type Item =
  | { readonly kind: "block"; readonly block: Block }
  /** `unplaced` where the peer does not say the position in the block; the index means nothing then. */
  | { readonly kind: "transaction"; readonly transaction: Transaction; readonly unplaced?: boolean }
  | ({ readonly kind: "quarantine" } & Quarantined)
  /** A legacy peer's note that a height, or a page of heights, was sent. */
  | { readonly kind: "partial"; readonly height?: Height }
  | AccountResult;

/** One asking of a task. */
export interface TaskFrame {
  readonly kind: "task";
  readonly id: string;
  readonly lease: string;
  /** 1 at the first asking. */
  readonly attempt: number;
  /** Responses that may be sent before more is granted; 0 where the peers do not count credit. */
  readonly credit: number;
  readonly resumeAfter?: Height;
  /** Milliseconds for the whole task; 0: no limit. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly request: TaskRequest;
  readonly traceparent?: string;
}

/** Manager to worker. */
export type ManagerFrame =
  | {
      readonly kind: "ping";
      readonly id: string;
      readonly features: readonly string[];
      readonly maxMessageBytes: number;
    }
  | TaskFrame
  | { readonly kind: "credit"; readonly id: string; readonly lease: string; readonly credit: number }
  | { readonly kind: "cancel"; readonly id: string; readonly lease: string }
  /** A request that cannot be read: to be answered by a final that says why. */
  | {
      readonly kind: "unreadable";
      readonly id: string;
      readonly lease: string;
      readonly failure: TaskFailure;
    };

/** Worker to manager: a sign of life, and what the worker is. */
export interface PongFrame {
  readonly kind: "pong";
  readonly id: string;
  /** Absent or empty: a legacy peer. */
  readonly features: readonly string[];
  readonly capacity?: number;
  readonly inFlight?: number;
  readonly draining: boolean;
  readonly head?: ChainHead;
  /** The largest message the worker takes. */
  readonly version?: string;
}

/** Worker to manager: some of the answer. */
export interface PartFrame {
  readonly kind: "part";
  readonly id: string;
  /** Absent from a legacy peer. */
  readonly lease?: string;
  readonly order: number;
  readonly items: readonly Item[];
  readonly cursor?: Height;
  readonly progress?: { readonly done: number; readonly total: number; readonly note?: string };
  /** Size of the message that carried it. */
  readonly bytes: number;
}

/** Worker to manager: the last of a task. */
export interface FinalFrame {
  readonly kind: "final";
  readonly id: string;
  readonly lease?: string;
  readonly order: number;
  /** Some peers send their last answer with it. */
  readonly items: readonly Item[];
  readonly outcome: Outcome;
  /** How many responses came before it, where the peer says so. */
  readonly count?: number;
  readonly error?: TaskFailure;
  readonly cursor?: Height;
  readonly head?: ChainHead;
  readonly bytes: number;
}

/** Worker to manager. */
export type WorkerFrame =
  | PongFrame
  | PartFrame
  | FinalFrame
  /** A message that cannot be read; with an id it ends that task's asking. */
  | {
      readonly kind: "unreadable";
      readonly id?: string;
      readonly lease?: string;
      readonly reason: string;
      /** True where asking another worker would bring the same. */
      readonly hopeless: boolean;
    };
