import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { totalHeights, mergeRanges, type HeightRange } from "../domain/height.js";
import { planHeightTasks, planTasks } from "./plan.js";

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

  it.each([
    [100, 1, 25, 4],
    [100, 5, 5, 20],
    [100, 0, 25, 4],
    [101, 1, 26, 4],
    [3, 64, 1, 3],
    [8_000, 4, 500, 16],
    [100_000, 4, 500, 200],
  ])(
    "splits %d heights for %d free slots into tasks of %d heights: %d tasks",
    (heights, slots, size, count) => {
      const tasks = planTasks([{ from: 1, to: heights }], slots);
      expect(tasks[0]).toEqual({ from: 1, to: size });
      expect(tasks).toHaveLength(count);
    },
  );

  it("has no task for no heights", () => {
    expect(planTasks([], 4)).toEqual([]);
  });

  it("names the chain and the range in each task, in the order of the ranges", () => {
    const chain = { network: "test", chainId: "test-1" };
    const list = [
      { from: 5, to: 6 },
      { from: 1, to: 1 },
    ];
    expect(planHeightTasks(chain, list, 1)).toEqual([
      { kind: "heights", chain, range: { from: 5, to: 5 } },
      { kind: "heights", chain, range: { from: 6, to: 6 } },
      { kind: "heights", chain, range: { from: 1, to: 1 } },
    ]);
  });
});
