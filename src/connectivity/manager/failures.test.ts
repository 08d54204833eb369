import { expect, it } from "vitest";
import { TaskFailure, type Retry } from "../../domain/task.js";
import { errorOfFailure } from "./failures.js";

it.each<[string | undefined, Retry, string, boolean]>([
  ["not_found", "never", "NOT_FOUND", false],
  ["pruned", "other-worker", "NOT_FOUND", false],
  ["timeout", "other-worker", "TIMEOUT", true],
  ["unavailable", "other-worker", "CHAIN_UNAVAILABLE", true],
  ["busy", "same-worker", "CHAIN_UNAVAILABLE", true],
  [undefined, "other-worker", "CHAIN_UNAVAILABLE", true],
  [undefined, "never", "WORKER_FAILED", false],
  ["unreadable", "never", "WORKER_FAILED", false],
  ["too_large", "never", "WORKER_FAILED", false],
  ["unknown_type", "never", "BAD_USER_INPUT", false],
])("maps a failure of the type %s with the retry %s to %s", (type, retry, code, retryable) => {
  const failure = new TaskFailure("It failed.", retry, { height: 7, ...(type !== undefined && { type }) });
  const error = errorOfFailure(failure, { taskId: "t" });
  expect([error.code, error.retryable, error.message, error.cause]).toEqual([
    code,
    retryable,
    "It failed.",
    failure,
  ]);
  expect(error.facts).toMatchObject({ taskId: "t", height: 7, ...(type !== undefined && { type }) });
});
