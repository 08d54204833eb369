// How a worker reads a chain: the port that each network implements in its own folder.
// Imports only domain, lib and this folder.
// Never knows task ids, streams, credit or managers.
import type { ChainRef, ChainHead } from "../domain/chain.js";
import type { TaskResult, TaskRequest } from "../domain/task.js";
import type { EndpointStatus } from "./endpoints.js";

/** Reads one chain. Created by `createXChain(options)`, which connects lazily. */
export interface ChainReader {
  readonly chain: ChainRef;
  /** The kinds of task that it can execute. */
  readonly capabilities: readonly TaskRequest["kind"][];
  /** Returns the node's newest block. Rejects with a TaskFailure if no node is available. */
  head(signal: AbortSignal): Promise<ChainHead>;
  /**
   * Executes one task lazily: it reads ahead only a bounded distance beyond the consumer.
   * Heights are complete, ascending and without gaps. A height that cannot be decoded is a quarantine; the quarantines of a
   * height's transactions precede the height.
   * Ends after the last result; throws a TaskFailure that states whether to retry; stops soon after `signal` aborts.
   */
  execute(request: TaskRequest, signal: AbortSignal): AsyncIterable<TaskResult>;
  /** Returns the state of its endpoints; absent if the chain has none. */
  endpoints?(): readonly EndpointStatus[];
  /** Closes its connections. */
  close(): Promise<void>;
}
