import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  splitRanges,
  firstHeights,
  heightRange,
  rangesFromHeights,
  subtractRanges,
  totalHeights,
  mergeRanges,
  type HeightRange,
} from "./height.js";

const range = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 }))
  .map(([from, length]): HeightRange => ({ from, to: from + length }));
const ranges = fc.array(range, { maxLength: 8 });

const members = (list: readonly HeightRange[]): Set<number> => {
  const set = new Set<number>();
  for (const { from, to } of list) for (let height = from; height <= to; height += 1) set.add(height);
  return set;
};

describe("ranges of heights", () => {
  it("merge to the union of their heights, in the fewest ranges", () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const merged = mergeRanges(list);
        expect(members(merged)).toEqual(members(list));
        for (let i = 1; i < merged.length; i += 1)
          expect(merged[i]!.from).toBeGreaterThan(merged[i - 1]!.to + 1);
      }),
      { numRuns: 10_000 },
    );
  });

  it("subtract to the difference of their heights, in the fewest ranges", () => {
    fc.assert(
      fc.property(range, ranges, (whole, taken) => {
        const expected = [...members([whole])].filter((height) => !members(taken).has(height));
        expect([...members(subtractRanges(whole, taken))]).toEqual(expected);
        expect(subtractRanges(whole, taken)).toEqual(rangesFromHeights(expected));
      }),
      { numRuns: 10_000 },
    );
  });

  it("return their first heights, and split into pieces without losing a height", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 20 }), (list, size) => {
        const merged = mergeRanges(list);
        expect([...members(firstHeights(merged, size))]).toEqual([...members(merged)].slice(0, size));
        expect(members(splitRanges(merged, size))).toEqual(members(merged));
        expect(splitRanges(merged, size).every((piece) => totalHeights([piece]) <= size)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    [5, 4, /above 'to'/],
    [-1, 4, /'from' must be a whole number/],
    [0, 1.5, /'to' must be a whole number/],
    [0, 2 ** 53, /'to' must be/],
  ])("reject %d to %d", (from, to, message) => {
    expect(() => heightRange(from, to)).toThrow(message);
  });
});
