// Decides whether a failed call is retried, when, and on which worker.
// Imports only domain, lib and connectivity/protocol. Pure; never waits.
import type { ErrorFacts } from "../../domain/errors.js";
import type { TaskFailure } from "../../domain/task.js";
import { backoffDelay } from "../../lib/retry.js";
import { counts, retryBackoff } from "../protocol/limits.js";
import type { CallFailure } from "./calls.js";
import { errorOfBreak, errorOfFailure } from "./failures.js";
import type { WorkerPreference } from "./selection.js";

/** The retries of one task. */
export interface RetryPolicy {
  /** The workers to avoid and to prefer at the next call. */
  readonly preference: WorkerPreference;
  /** Records progress: every limit counts from zero again. */
  reset(): void;
  /** Returns the milliseconds to wait before the next call. Throws an IndexerError if the task fails permanently. */
  delayAfter(failure: CallFailure, workerId: string): number;
}

/** The settings of a policy. */
export interface RetryPolicyOptions {
  /** Added to the errors of the task. */
  readonly facts: ErrorFacts;
  readonly random: () => number;
  /** Allows no retry after a lost or broken call. */
  readonly failFast?: boolean;
}

/** Creates the policy of one task. */
export function createRetryPolicy({ facts, random, failFast = false }: RetryPolicyOptions): RetryPolicy {
  const avoid = new Set<string>();
  let prefer: string | undefined;
  let [emptyEnds, losses, waits] = [0, 0, 0];

  const afterEmptyEnd = (workerId: string, toError: () => Error): number => {
    avoid.add(workerId);
    emptyEnds += 1;
    if (emptyEnds >= counts.emptyEnds) throw toError();
    return emptyEnds === 1 ? 0 : backoffDelay(retryBackoff, emptyEnds, random);
  };

  const afterLoss = (reason: string): number => {
    losses += 1;
    if (losses >= counts.losses) throw errorOfBreak(reason, facts);
    return 0;
  };

  const afterFailure = (failure: TaskFailure, workerId: string): number => {
    const toError = (): Error => errorOfFailure(failure, facts);
    switch (failure.retry) {
      case "never":
        throw toError();
      case "same-worker":
        prefer = workerId;
        waits += 1;
        if (waits >= counts.waits) throw toError();
        return failure.details.retryAfterMs ?? backoffDelay(retryBackoff, waits, random);
      case "other-worker":
        if (failure.details.type !== "draining") return afterEmptyEnd(workerId, toError);
        avoid.add(workerId);
        return afterLoss(failure.message);
    }
  };

  return {
    get preference() {
      return { avoid, ...(prefer !== undefined && { prefer }) };
    },
    reset() {
      [emptyEnds, losses, waits] = [0, 0, 0];
      avoid.clear();
    },
    delayAfter({ end }, workerId) {
      prefer = undefined;
      if (failFast && end.kind !== "failed") throw errorOfBreak(end.reason, facts);
      switch (end.kind) {
        case "failed":
          return afterFailure(end.failure, workerId);
        case "broken":
          return afterEmptyEnd(workerId, () => errorOfBreak(end.reason, facts));
        case "lost":
          return afterLoss(end.reason);
      }
    },
  };
}
