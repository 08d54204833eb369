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
  it("asks for each height once, in order, in tasks that are never too large and enough for every place", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 0, max: 64 }), (wanted, room) => {
        const tasks = planTasks(wanted, room);
        expect(mergeRanges(tasks)).toEqual(mergeRanges(wanted));
        expect(totalHeights(tasks)).toBe(totalHeights(wanted));
        expect(tasks.map(({ from }) => from)).toEqual(tasks.map(({ from }) => from).sort((a, b) => a - b));
        expect(Math.max(...tasks.map((task) => totalHeights([task])))).toBeLessThanOrEqual(500);
        expect(tasks.length).toBeGreaterThanOrEqual(Math.min(totalHeights(wanted), Math.max(1, room)));
      }),
      { numRuns: 10_000 },
    );
  });
});
