import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  splitRanges,
  firstHeights,
  heightRange,
  isHeight,
  rangeSize,
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

  it("takes the first heights of ranges, without empty ranges", () => {
    const list = [
      { from: 1, to: 3 },
      { from: 7, to: 9 },
    ];
    expect(firstHeights(list, 0)).toEqual([]);
    expect(firstHeights(list, 2)).toEqual([{ from: 1, to: 2 }]);
    expect(firstHeights(list, 3)).toEqual([{ from: 1, to: 3 }]);
    expect(firstHeights(list, 4)).toEqual([
      { from: 1, to: 3 },
      { from: 7, to: 7 },
    ]);
    expect(firstHeights(list, 100)).toEqual(list);
  });

  it("splits each range into pieces of the given size; the last piece of a range has the rest", () => {
    const list = [
      { from: 1, to: 5 },
      { from: 7, to: 8 },
    ];
    expect(splitRanges(list, 2)).toEqual([
      { from: 1, to: 2 },
      { from: 3, to: 4 },
      { from: 5, to: 5 },
      { from: 7, to: 8 },
    ]);
  });

  it("merges overlapping, adjacent and contained ranges in ascending order, and keeps its input", () => {
    const list = [
      { from: 20, to: 30 },
      { from: 5, to: 6 },
      { from: 1, to: 4 },
      { from: 22, to: 23 },
      { from: 8, to: 8 },
    ];
    const before = structuredClone(list);
    expect(mergeRanges(list)).toEqual([
      { from: 1, to: 6 },
      { from: 8, to: 8 },
      { from: 20, to: 30 },
    ]);
    expect(list).toEqual(before);
  });

  it("counts the heights of ranges, with both bounds", () => {
    expect(rangeSize({ from: 4, to: 4 })).toBe(1);
    expect(rangeSize({ from: 4, to: 9 })).toBe(6);
    expect(
      totalHeights([
        { from: 4, to: 9 },
        { from: 11, to: 11 },
      ]),
    ).toBe(7);
    expect(totalHeights([])).toBe(0);
  });

  it.each([
    [0, true],
    [2 ** 53 - 1, true],
    [2 ** 53, false],
    [-1, false],
    [1.5, false],
    [Number.NaN, false],
    [Infinity, false],
    ["1", false],
    [1n, false],
    [null, false],
  ])("accepts whole numbers from 0 to 2^53-1 as heights: case %#", (value, accepted) => {
    expect(isHeight(value)).toBe(accepted);
  });

  it.each([
    [0, 0],
    [5, 5],
    [5, 6],
    [0, 2 ** 53 - 1],
  ])("accepts the range from %d to %d", (from, to) => {
    expect(heightRange(from, to)).toEqual({ from, to });
  });

  it("refuses a range with BAD_USER_INPUT", () => {
    for (const [from, to] of [
      [5, 4],
      [-1, 4],
    ] as const) {
      expect(() => heightRange(from, to)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT" }));
    }
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
