// How a worker reads a chain: the port that each network implements in a folder of its own.
// Imports only domain, lib and this folder; never knows tasks' ids, streams, credit or managers.
import type { ChainRef, ChainHead } from "../domain/chain.js";
import type { TaskResult, TaskRequest } from "../domain/task.js";
import type { EndpointStatus } from "./endpoints.js";

/** One chain, readable. Created by `createXChain(options)`, which connects lazily. */
export interface ChainReader {
  readonly chain: ChainRef;
  /** The kinds of task that it can answer. */
  readonly capabilities: readonly TaskRequest["kind"][];
  /** The node's newest block. Rejects with a TaskFailure where the node cannot be asked. */
  head(signal: AbortSignal): Promise<ChainHead>;
  /**
   * Answers one task, lazily: the chain is read ahead only a bounded way beyond what the consumer has taken.
   * Heights come ascending, whole, without a gap; a height that cannot be decoded comes as a quarantine, and before a height come
   * the quarantines of its transactions.
   * Ends when all was given; throws a TaskFailure that says whether to try again; stops soon after `signal` aborts.
   */
  execute(request: TaskRequest, signal: AbortSignal): AsyncIterable<TaskResult>;
  /** How its endpoints are doing; left out where none are asked. */
  endpoints?(): readonly EndpointStatus[];
  close(): Promise<void>;
}
