// The failure of work as callers see it and as the store keeps it. Pure values; imports only domain; never does I/O.
import { toIndexerError, type ErrorCode } from "./errors.js";
import type { Height } from "./height.js";

/** Why work failed. The data that was stored before remains stored. */
export interface WorkFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether the same work may succeed later. */
  readonly retryable: boolean;
  /** The height that failed; absent if the failure has no single height. */
  readonly height?: Height;
}

/** Describes any thrown value. The message of an unexpected error is replaced, because it may contain secrets. */
export function toWorkFailure(reason: unknown): WorkFailure {
  const { code, message, retryable, facts } = toIndexerError(reason);
  const height = facts["height"];
  return {
    code,
    message:
      code === "INTERNAL"
        ? "The work failed with an internal error. The log of the manager has the details."
        : message,
    retryable,
    ...(typeof height === "number" && { height }),
  };
}
