import { expect, it } from "vitest";
import type { ScheduleDefinition } from "../domain/schedule.js";
import { validateSchedule } from "./schedules.js";

const valid: ScheduleDefinition = {
  taskId: "task",
  chain: { network: "demo", chainId: "demo-1" },
  kind: "LASTDATA",
  intervalMs: 1_000,
  enabled: true,
};
const range: Partial<ScheduleDefinition> = { kind: "SYNCRANGE", heights: { from: 0, to: 0 } };

it.each<[string, Partial<ScheduleDefinition>]>([
  ["the shortest interval", { intervalMs: 1_000 }],
  ["the longest interval", { intervalMs: 365 * 86_400_000 }],
  ["the longest task id", { taskId: "x".repeat(256) }],
  ["a range of one height", range],
])("accepts %s", (_name, changes) => {
  expect(() => validateSchedule({ ...valid, ...changes })).not.toThrow();
});

it.each<[string, Partial<ScheduleDefinition>]>([
  // Lesson 35: an interval of 0 crashed the scheduler at every start.
  ["interval", { intervalMs: 0 }],
  ["interval", { intervalMs: 999 }],
  ["interval", { intervalMs: -1_000 }],
  ["interval", { intervalMs: Number.NaN }],
  ["interval", { intervalMs: 1_000.5 }],
  ["interval", { intervalMs: 366 * 86_400_000 }],
  ["taskId", { taskId: "" }],
  ["taskId", { taskId: "  " }],
  ["taskId", { taskId: "x".repeat(257) }],
  ["chain.network", { chain: { network: "", chainId: "1" } }],
  ["chain.chainId", { chain: { network: "n", chainId: "" } }],
  ["heights", { heights: { from: 1, to: 2 } }],
  ["heights", { kind: "SYNCRANGE" }],
  ["heights", { ...range, heights: { from: 3, to: 2 } }],
  ["heights", { ...range, heights: { from: -1, to: 2 } }],
])("rejects a wrong %s: %j", (argument, changes) => {
  const validate = (): void => validateSchedule({ ...valid, ...changes });
  expect(validate).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", facts: { argument } }) as Error);
  expect(validate).toThrow(new RegExp(`^${argument}: .{20}`));
});
