import { expect, it } from "vitest";
import { createWaiting, type WaitingHolder } from "./byte-budget.js";

function holder(waitingBytes: number, shed: () => void = () => undefined): WaitingHolder {
  return { waitingBytes, shed };
}

it("wakes who waits for room once it is there, and not before", async () => {
  const waiting = createWaiting(100);
  await waiting.room();
  const task = holder(120);
  waiting.changed(task, 120);
  expect(waiting.isFull).toBe(true);
  let woken = false;
  const room = waiting.room().then(() => (woken = true));
  waiting.changed(holder(110), -10);
  await Promise.resolve();
  expect(woken).toBe(false);
  waiting.changed(holder(0), -110);
  await room;
  expect(waiting.bytes).toBe(0);
});

it("lets the task with the most waiting bytes give them up", () => {
  const waiting = createWaiting(100);
  const shed: string[] = [];
  waiting.changed(
    holder(10, () => shed.push("small")),
    10,
  );
  waiting.changed(
    holder(90, () => shed.push("large")),
    90,
  );
  waiting.shedLargest();
  expect(shed).toEqual(["large"]);
});
