import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { totalHeights, mergeRanges, type HeightRange } from "../domain/height.js";
import { planTasks } from "./plan.js";

const ranges = fc
  .array(fc.tuple(fc.nat(5_000), fc.integer({ min: 1, max: 3_000 })), { minLength: 1, maxLength: 5 })
  .map((gaps) => {
    let next = 0;
    return gaps.map(([gap, size]): HeightRange => {
      const from = next + gap + 1;
      next = from + size;
      return { from, to: from + size - 1 };
    });
  });

describe("a plan", () => {
  it("contains each height once, in order, in tasks within the limit and at least one task per slot", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 0, max: 64 }), (wanted, capacity) => {
        const tasks = planTasks(wanted, capacity);
        expect(mergeRanges(tasks)).toEqual(mergeRanges(wanted));
        expect(totalHeights(tasks)).toBe(totalHeights(wanted));
        expect(tasks.map(({ from }) => from)).toEqual(tasks.map(({ from }) => from).sort((a, b) => a - b));
        expect(Math.max(...tasks.map((task) => totalHeights([task])))).toBeLessThanOrEqual(500);
        expect(tasks.length).toBeGreaterThanOrEqual(Math.min(totalHeights(wanted), Math.max(1, capacity)));
      }),
      { numRuns: 2_000 },
    );
  });
});
