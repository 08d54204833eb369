import { expect, it } from "vitest";
import { createByteBudget, type BudgetHolder } from "./byte-budget.js";

function holder(bufferedBytes: number, drop: () => void = () => undefined): BudgetHolder {
  return { bufferedBytes, drop };
}

it("resolves `available` when the bytes fall below the limit, and not before", async () => {
  const budget = createByteBudget(100);
  await budget.available();
  budget.changed(holder(120), 120);
  expect(budget.isFull).toBe(true);
  let woken = false;
  const available = budget.available().then(() => (woken = true));
  budget.changed(holder(110), -10);
  await Promise.resolve();
  expect(woken).toBe(false);
  budget.changed(holder(0), -110);
  await available;
  expect(budget.bytes).toBe(0);
});

it("drops the bytes of the holder with the most", () => {
  const budget = createByteBudget(100);
  const dropped: string[] = [];
  budget.changed(
    holder(10, () => dropped.push("small")),
    10,
  );
  budget.changed(
    holder(90, () => dropped.push("large")),
    90,
  );
  budget.dropLargest();
  expect(dropped).toEqual(["large"]);
});

it("is full at its limit, and wakes every waiter once when it is not", async () => {
  const budget = createByteBudget(100);
  budget.changed(holder(100), 100);
  expect(budget.isFull).toBe(true);
  const woken: string[] = [];
  const waiting = ["first", "second"].map((name) => budget.available().then(() => woken.push(name)));
  budget.changed(holder(99), -1);
  await Promise.all(waiting);
  expect([woken, budget.isFull]).toEqual([["first", "second"], false]);
});

it("forgets a holder without bytes", () => {
  const budget = createByteBudget(100);
  let dropped = 0;
  const changing = { bufferedBytes: 50, drop: () => void (dropped += 1) };
  budget.changed(changing, 50);
  changing.bufferedBytes = 0;
  budget.changed(changing, -50);
  budget.dropLargest();
  expect(dropped).toBe(0);
});
