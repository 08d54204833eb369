// From what went wrong with workers to the errors that the product shows.
// Imports only domain and this folder; never decides whether to ask again.
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError, type ErrorCode, type ErrorFacts } from "../../domain/errors.js";
import type { TaskFailure } from "../../domain/task.js";
import type { Choice } from "./selection.js";

/** The error of a failure that the worker explained. */
export function errorOfFailure(failure: TaskFailure, facts: ErrorFacts): IndexerError {
  const { type, height } = failure.details;
  const all = { ...facts, ...(type !== undefined && { type }), ...(height !== undefined && { height }) };
  const code = codeOf(failure);
  // What nobody will answer is not worth asking again, whatever the code's table says.
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

/** The error of a task that ended early too often. */
export function errorOfBreak(reason: string, facts: ErrorFacts): IndexerError {
  return new IndexerError("WORKER_FAILED", `Workers did not finish the task. The last one: ${reason}`, facts);
}

/** The error of a chain for which nobody works. */
export function noWorkerError(chain: ChainRef, reasons: Choice["reasons"]): IndexerError {
  const name = chainName(chain);
  const there = reasons.map(({ workerId, reason }) => `${workerId} ${reason}`);
  const message =
    there.length === 0
      ? `No worker of ${name} is registered: start one and let it register with this manager.`
      : `No worker of ${name} can be asked: ${there.join("; ")}.`;
  return new IndexerError("NO_WORKER", message, { chain: name, workers: there });
}

/** The error of a task that took too long. */
export function timeoutError(chain: ChainRef, timeoutMs: number): IndexerError {
  const message = `The task on ${chainName(chain)} took longer than ${timeoutMs} ms: ask for less or allow more time.`;
  return new IndexerError("TIMEOUT", message, { chain: chainName(chain), limit: timeoutMs });
}
