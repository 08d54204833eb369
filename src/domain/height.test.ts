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

describe("sets of heights", () => {
  it("unites as sets do, in as few ranges as possible", () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const united = mergeRanges(list);
        expect(members(united)).toEqual(members(list));
        for (let i = 1; i < united.length; i += 1)
          expect(united[i]!.from).toBeGreaterThan(united[i - 1]!.to + 1);
      }),
      { numRuns: 10_000 },
    );
  });

  it("subtracts as sets do", () => {
    fc.assert(
      fc.property(range, ranges, (whole, taken) => {
        const expected = [...members([whole])].filter((height) => !members(taken).has(height));
        expect([...members(subtractRanges(whole, taken))]).toEqual(expected);
        expect(subtractRanges(whole, taken)).toEqual(rangesFromHeights(expected));
      }),
      { numRuns: 10_000 },
    );
  });

  it("takes the first heights and cuts without losing any", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 20 }), (list, size) => {
        const united = mergeRanges(list);
        expect([...members(firstHeights(united, size))]).toEqual([...members(united)].slice(0, size));
        expect(members(splitRanges(united, size))).toEqual(members(united));
        expect(splitRanges(united, size).every((piece) => totalHeights([piece]) <= size)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    [5, 4, /above 'to'/],
    [-1, 4, /'from' must be a whole number/],
    [0, 1.5, /'to' must be a whole number/],
    [0, 2 ** 53, /'to' must be/],
  ])("refuses %d to %d", (from, to, message) => {
    expect(() => heightRange(from, to)).toThrow(message);
  });
});
