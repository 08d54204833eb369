// The messages of a stream in domain terms. A carrier encodes them in its own format.
// Imports only domain; never knows proto or JSON.
import type { Block } from "../../domain/block.js";
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, Outcome, Quarantined, TaskFailure, TaskRequest } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";

/** A part of the protocol that is used only if both sides support it. */
export type Feature = "credit" | "cancel" | "batch" | "typed" | "lease" | "count";

/** The features of this implementation. */
export const supportedFeatures: readonly Feature[] = ["credit", "cancel", "batch", "typed", "lease", "count"];

/** Returns the features of a peer that this implementation supports too. */
export function sharedFeatures(named: readonly string[]): readonly Feature[] {
  return supportedFeatures.filter((feature) => named.includes(feature));
}

/** The result of an account query. */
export type AccountResult = Extract<TaskResult, { kind: "reward" | "balance" | "delegations" }>;

/** The smallest unit that is sent; a height consists of a block and its transactions. */
export type Item =
  | { readonly kind: "block"; readonly block: Block }
  | { readonly kind: "transaction"; readonly transaction: Transaction }
  | ({ readonly kind: "quarantine" } & Quarantined)
  | AccountResult;

/** One call of a task at a worker. */
export interface TaskFrame {
  readonly kind: "task";
  readonly id: string;
  /** Identifies the call; every response repeats it. */
  readonly lease: string;
  /** 1 at the first call. */
  readonly attempt: number;
  /** Responses that may be sent before more credit is granted; 0 if the peers do not use credit. */
  readonly credit: number;
  readonly resumeAfter?: Height;
  /** Milliseconds for the whole task; 0 means no limit. */
  readonly timeoutMs: number;
  /** The largest message that the manager accepts, in bytes; 0 means gRPC's default. */
  readonly maxMessageBytes: number;
  readonly request: TaskRequest;
  readonly traceparent?: string;
}

/** A message from a manager to a worker. */
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
  /** A request that cannot be decoded; the worker returns a final with the failure. */
  | {
      readonly kind: "unreadable";
      readonly id: string;
      readonly lease: string;
      readonly failure: TaskFailure;
    };

/** A worker's state. With the id of a PING it is the reply; with an empty id it reports a change. */
export interface PongFrame {
  readonly kind: "pong";
  readonly id: string;
  /** The features that the worker, or the adapter in front of it, supports. */
  readonly features: readonly string[];
  /** The features of the worker itself, if an adapter adds others; equal to `features` by default. */
  readonly nativeFeatures?: readonly string[];
  readonly capacity?: number;
  readonly inFlight?: number;
  readonly draining: boolean;
  readonly head?: ChainHead;
  readonly version?: string;
}

/** A partial result. */
export interface PartFrame {
  readonly kind: "part";
  readonly id: string;
  /** Absent from a worker without the feature `lease`. */
  readonly lease?: string;
  readonly order: number;
  readonly items: readonly Item[];
  readonly cursor?: Height;
  readonly progress?: { readonly done: number; readonly total: number; readonly note?: string };
  /** The size of the message, in bytes. */
  readonly bytes: number;
}

/** The last message of a call. */
export interface FinalFrame {
  readonly kind: "final";
  readonly id: string;
  readonly lease?: string;
  readonly order: number;
  /** Some peers send their last items with it. */
  readonly items: readonly Item[];
  readonly outcome: Outcome;
  /** The number of responses before it; undefined without the feature `count`. */
  readonly count?: number;
  readonly error?: TaskFailure;
  readonly cursor?: Height;
  readonly head?: ChainHead;
  readonly bytes: number;
}

/** A message from a worker to a manager. */
export type WorkerFrame =
  | PongFrame
  | PartFrame
  | FinalFrame
  /** A message that cannot be decoded; with an id it ends the call. */
  | {
      readonly kind: "unreadable";
      readonly id?: string;
      readonly lease?: string;
      readonly reason: string;
      /** True if another worker would send the same. */
      readonly permanent: boolean;
    };
