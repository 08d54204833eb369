// Converts bounds to one closed interval within int8.
import type { Bounds } from "../domain/search.js";

/** From `low` to `high`, both included; a side without a bound is left out. */
export interface Interval {
  readonly low?: bigint;
  readonly high?: bigint;
}

const int8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** The interval of the bounds, or `empty` if no int8 satisfies them. */
export function intervalOf(bounds: Bounds<number> | Bounds<bigint> | undefined): Interval | "empty" {
  if (bounds === undefined) return {};
  const { eq, gte, gt, lte, lt } = bounds;
  const lows = [eq, gte].filter(isDefined).map(BigInt);
  if (gt !== undefined) lows.push(BigInt(gt) + 1n);
  const highs = [eq, lte].filter(isDefined).map(BigInt);
  if (lt !== undefined) highs.push(BigInt(lt) - 1n);

  const low = lows.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
  const high = highs.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
  if (low !== undefined && (low > int8.max || (high !== undefined && low > high))) return "empty";
  if (high !== undefined && high < int8.min) return "empty";
  return {
    ...(low !== undefined && low > int8.min && { low }),
    ...(high !== undefined && high < int8.max && { high }),
  };
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
