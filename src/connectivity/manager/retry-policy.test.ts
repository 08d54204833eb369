// The limits and delays of retries.
import { describe, expect, it } from "vitest";
import { TaskFailure, type Retry } from "../../domain/task.js";
import { span } from "../../testing/manager-bench.js";
import { CallFailure } from "./calls.js";
import { createRetryPolicy, type RetryPolicy } from "./retry-policy.js";

const facts = { chain: "counting/counting-1", taskId: "t" };
/** The jitter is 3/4 of the whole delay. */
const createPolicy = (): RetryPolicy => createRetryPolicy({ facts, random: () => 0.5 });
const broken = new CallFailure({ kind: "broken", reason: "It ended early." });
const lost = new CallFailure({ kind: "lost", reason: "The stream broke." });

function failed(retry: Retry, details: TaskFailure["details"] = {}): CallFailure {
  return new CallFailure({ kind: "failed", failure: new TaskFailure("It failed.", retry, details) });
}

function delaysOf(policy: RetryPolicy, failure: CallFailure, count: number): number[] {
  return span(1, count).map(() => policy.delayAfter(failure, "w"));
}

describe("the retry policy", () => {
  it("retries a broken call at once, then after a delay, and fails after three in a row", () => {
    const policy = createPolicy();
    expect(delaysOf(policy, broken, 2)).toEqual([0, 600]);
    expect(() => policy.delayAfter(broken, "w")).toThrow(
      expect.objectContaining({
        code: "WORKER_FAILED",
        facts,
        message: "Workers did not finish the task. Last reason: It ended early.",
      }) as Error,
    );
  });

  it("retries a failure of another worker's kind like a broken call, and fails with its message", () => {
    const policy = createPolicy();
    expect(delaysOf(policy, failed("other-worker"), 2)).toEqual([0, 600]);
    expect(() => policy.delayAfter(failed("other-worker"), "w")).toThrow(
      expect.objectContaining({ code: "CHAIN_UNAVAILABLE", message: "It failed." }) as Error,
    );
  });

  it("retries a lost call at once, and fails after six in a row", () => {
    const policy = createPolicy();
    expect(delaysOf(policy, lost, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(() => policy.delayAfter(lost, "w")).toThrow("The stream broke.");
  });

  it("counts a draining worker as a loss, and avoids it", () => {
    const policy = createPolicy();
    const draining = failed("other-worker", { type: "draining" });
    expect(delaysOf(policy, draining, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(policy.preference.avoid).toEqual(new Set(["w"]));
    expect(() => policy.delayAfter(draining, "w")).toThrow("It failed.");
  });

  it("waits as long as the worker requests, prefers that worker, and fails after ten in a row", () => {
    const policy = createPolicy();
    const busy = failed("same-worker", { retryAfterMs: 1_234 });
    expect(delaysOf(policy, busy, 9)).toEqual(span(1, 9).map(() => 1_234));
    expect(policy.preference).toEqual({ avoid: new Set(), prefer: "w" });
    expect(() => policy.delayAfter(busy, "w")).toThrow(
      expect.objectContaining({ code: "CHAIN_UNAVAILABLE" }) as Error,
    );
  });

  it("doubles the delay if the worker requests none, up to five seconds", () => {
    expect(delaysOf(createPolicy(), failed("same-worker"), 7)).toEqual([
      300, 600, 1_200, 2_400, 3_750, 3_750, 3_750,
    ]);
  });

  it("prefers a worker only after the last failure requested it", () => {
    const policy = createPolicy();
    policy.delayAfter(failed("same-worker"), "a");
    policy.delayAfter(broken, "b");
    expect(policy.preference).toEqual({ avoid: new Set(["b"]) });
  });

  it("never retries a failure that forbids it", () => {
    const unknown = failed("never", { type: "unknown_type", height: 7 });
    expect(() => createPolicy().delayAfter(unknown, "w")).toThrow(
      expect.objectContaining({
        code: "BAD_USER_INPUT",
        facts: { ...facts, type: "unknown_type", height: 7 },
      }) as Error,
    );
  });

  it("counts from zero and avoids no worker after progress", () => {
    const policy = createPolicy();
    for (const failure of [broken, lost, failed("same-worker", { retryAfterMs: 0 })]) {
      for (const _ of span(1, 12)) {
        expect(policy.delayAfter(failure, "w")).toBe(0);
        policy.reset();
        expect(policy.preference.avoid).toEqual(new Set());
      }
    }
  });
});
