import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffDelay } from "./retry.js";

it("doubles from the first delay to the maximum, and takes between half and all of it", () => {
  const backoff = { first: 100, max: 1_000 };
  const delays = [0, 1, 2, 3, 4, 5, 2_000].map((attempt) => backoffDelay(backoff, attempt, () => 1));
  expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  expect(backoffDelay(backoff, 2, () => 0)).toBe(200);
  expect(backoffDelay(backoff, 2, () => 0.5)).toBe(300);
});

it("never exceeds the maximum, for any attempt", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.nat(60_000),
      fc.nat(10_000),
      (first, max, attempt) => {
        const delay = backoffDelay({ first, max }, attempt);
        expect(delay).toBeLessThanOrEqual(max);
        expect(delay).toBeGreaterThanOrEqual(Math.min(max, first) / 2);
      },
    ),
    { numRuns: 10_000 },
  );
});
