// Maps failures of workers to the errors of the product.
// Imports only domain and this folder; never decides about retries.
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError, type ErrorCode, type ErrorFacts } from "../../domain/errors.js";
import type { TaskFailure } from "../../domain/task.js";
import type { Selection } from "./selection.js";

/** Returns the error of a failure that a worker reported. */
export function errorOfFailure(failure: TaskFailure, facts: ErrorFacts): IndexerError {
  const { type, height } = failure.details;
  const all = { ...facts, ...(type !== undefined && { type }), ...(height !== undefined && { height }) };
  const code = codeOf(failure);
  // WORKER_FAILED is retryable by default, but no worker can execute this request.
  const known = code === "WORKER_FAILED" ? { ...all, retryable: false } : all;
  return new IndexerError(code, failure.message, known, { cause: failure });
}

function codeOf({ retry, details: { type } }: TaskFailure): ErrorCode {
  if (type === "not_found" || type === "pruned") return "NOT_FOUND";
  if (type === "timeout") return "TIMEOUT";
  if (retry !== "never") return "CHAIN_UNAVAILABLE";
  return type === undefined || type === "unreadable" || type === "too_large"
    ? "WORKER_FAILED"
    : "BAD_USER_INPUT";
}

/** Returns the error of a task whose calls ended early too often. */
export function errorOfBreak(reason: string, facts: ErrorFacts): IndexerError {
  return new IndexerError("WORKER_FAILED", `Workers did not finish the task. Last reason: ${reason}`, facts);
}

/** Returns the error of a chain without an available worker. */
export function noWorkerError(chain: ChainRef, reasons: Selection["reasons"]): IndexerError {
  const name = chainName(chain);
  const workers = reasons.map(({ workerId, reason }) => `${workerId} ${reason}`);
  const message =
    workers.length === 0
      ? `No worker of ${name} is registered. Start a worker and register it with this manager.`
      : `No worker of ${name} is available: ${workers.join("; ")}.`;
  return new IndexerError("NO_WORKER", message, { chain: name, workers });
}

/** Returns the error of a task that exceeded its time. */
export function timeoutError(chain: ChainRef, timeoutMs: number): IndexerError {
  const message = `The task on ${chainName(chain)} took longer than ${timeoutMs} ms. Request less data or allow more time.`;
  return new IndexerError("TIMEOUT", message, { chain: chainName(chain), limit: timeoutMs });
}

/** Returns the error of a task on a manager that is shutting down. */
export function shuttingDownError(): IndexerError {
  return new IndexerError(
    "SHUTTING_DOWN",
    "This manager is shutting down. Use another manager, or try again later.",
  );
}
