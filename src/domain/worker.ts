// The status of a worker in a manager. Pure values; imports only domain; never does I/O.
import type { ChainRef, ChainHead } from "./chain.js";

/** Connecting; connected; finishing its tasks without taking new ones; not connected. */
export type WorkerState = "CONNECTING" | "ONLINE" | "DRAINING" | "OFFLINE";

/** The status of one worker. Times are milliseconds since 1970. */
export interface WorkerStatus {
  readonly workerId: string;
  readonly chain: ChainRef;
  readonly version: string;
  /** `host:port`, or `in-process`. */
  readonly address: string;
  readonly state: WorkerState;
  readonly lastSeen: number;
  readonly lastSent?: number;
  readonly inFlight: number;
  readonly capacity: number;
  readonly tasksDone: number;
  readonly tasksFailed: number;
  readonly pingMs?: number;
  /** Protocol features that both sides use; empty for a legacy peer. */
  readonly capabilities: readonly string[];
  /** The newest block of its node, if it reports one. */
  readonly head?: ChainHead;
}
