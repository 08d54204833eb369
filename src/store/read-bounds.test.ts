import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intervalOf } from "./read-bounds.js";

const value = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n + 2n }),
  fc.bigInt({ min: -(2n ** 63n) - 2n, max: -(2n ** 63n) + 3n }),
);
const bounds = fc.record({ eq: value, gte: value, gt: value, lte: value, lt: value }, { requiredKeys: [] });
const isInt8 = (each: bigint): boolean => BigInt.asIntN(64, each) === each;

describe("bounds", () => {
  it("become the interval of the same numbers within int8", () => {
    fc.assert(
      fc.property(bounds, fc.array(value), (given, numbers) => {
        const { eq, gte, gt, lte, lt } = given;
        const interval = intervalOf(given);
        for (const each of numbers.filter(isInt8)) {
          const meant =
            (eq === undefined || each === eq) &&
            (gte === undefined || each >= gte) &&
            (gt === undefined || each > gt) &&
            (lte === undefined || each <= lte) &&
            (lt === undefined || each < lt);
          const within =
            interval !== "empty" &&
            (interval.low === undefined || each >= interval.low) &&
            (interval.high === undefined || each <= interval.high);
          expect(within).toBe(meant);
        }
        if (interval !== "empty")
          expect([interval.low, interval.high].every((end) => end === undefined || isInt8(end))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
