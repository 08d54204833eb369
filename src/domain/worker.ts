// A worker as a manager sees it. Pure values; imports only domain; never does I/O.
import type { ChainRef, ChainHead } from "./chain.js";

/** Where a worker stands: dialled; answering; finishing and taking nothing new; not heard of. */
export type WorkerState = "CONNECTING" | "ONLINE" | "DRAINING" | "OFFLINE";

/** What is known of one worker. Times are milliseconds since 1970. */
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
  /** The newest height of its node, where it says so. */
  readonly head?: ChainHead;
}
