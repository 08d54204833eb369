import { expect, it } from "vitest";
import { TaskFailure } from "./task.js";

it("keeps the retry advice, the details and the cause of a failed task", () => {
  const cause = new Error("below");
  const details = { type: "rate_limited", retryAfterMs: 250, height: 7, code: 5 };
  const failure = new TaskFailure("Too many requests.", "same-worker", details, { cause });
  expect(failure).toBeInstanceOf(Error);
  expect(failure).toMatchObject({
    name: "TaskFailure",
    message: "Too many requests.",
    retry: "same-worker",
    details,
    cause,
  });
});

it("has no details and no cause by default", () => {
  const failure = new TaskFailure("Unknown.", "never");
  expect(failure.details).toEqual({});
  expect(failure.cause).toBeUndefined();
});
