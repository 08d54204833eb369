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
