// Heights and sets of them as ranges. Pure values; imports only domain/errors; never does I/O.
import { IndexerError } from "./errors.js";

/** A block's position in its chain: a whole number from 0 to 2^53-1. */
export type Height = number;

/** Heights `from` to `to`, both included. */
export interface HeightRange {
  readonly from: Height;
  readonly to: Height;
}

/** Whether a value is a height. */
export function isHeight(value: unknown): value is Height {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Creates a range. Throws BAD_USER_INPUT if a bound is not a height or `from` is above `to`. */
export function heightRange(from: number, to: number): HeightRange {
  for (const [name, value] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (!isHeight(value)) {
      throw new IndexerError(
        "BAD_USER_INPUT",
        `'${name}' must be a whole number from 0 to 2^53-1, not ${String(value)}.`,
      );
    }
  }
  if (from > to) {
    throw new IndexerError("BAD_USER_INPUT", `'from' (${from}) is above 'to' (${to}): swap them.`);
  }
  return { from, to };
}

/** Returns the number of heights in a range. */
export function rangeSize(range: HeightRange): number {
  return range.to - range.from + 1;
}

/** Returns the number of heights in ranges that do not overlap. */
export function totalHeights(ranges: readonly HeightRange[]): number {
  return ranges.reduce((sum, range) => sum + rangeSize(range), 0);
}

/** Merges ranges: the same heights in the fewest ranges, ascending. */
export function mergeRanges(ranges: readonly HeightRange[]): HeightRange[] {
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  const result: HeightRange[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else {
      result.push(range);
    }
  }
  return result;
}

/** Subtracts ranges: the heights of `range` that are in none of `taken`, in the fewest ranges, ascending. */
export function subtractRanges(range: HeightRange, taken: readonly HeightRange[]): HeightRange[] {
  const result: HeightRange[] = [];
  let next = range.from;
  for (const hole of mergeRanges(taken)) {
    if (hole.to < next) continue;
    if (hole.from > range.to) break;
    if (hole.from > next) result.push({ from: next, to: hole.from - 1 });
    next = hole.to + 1;
  }
  if (next <= range.to) result.push({ from: next, to: range.to });
  return result;
}

/** Returns the first `limit` heights of ascending ranges. */
export function firstHeights(ranges: readonly HeightRange[], limit: number): HeightRange[] {
  const result: HeightRange[] = [];
  let left = limit;
  for (const range of ranges) {
    if (left <= 0) break;
    const part = { from: range.from, to: Math.min(range.to, range.from + left - 1) };
    result.push(part);
    left -= rangeSize(part);
  }
  return result;
}

/** Splits ranges into pieces of at most `size` heights. */
export function splitRanges(ranges: readonly HeightRange[], size: number): HeightRange[] {
  return ranges.flatMap((range) => {
    const pieces: HeightRange[] = [];
    for (let from = range.from; from <= range.to; from += size) {
      pieces.push({ from, to: Math.min(range.to, from + size - 1) });
    }
    return pieces;
  });
}

/** Converts heights to the fewest ranges, ascending. */
export function rangesFromHeights(heights: Iterable<Height>): HeightRange[] {
  return mergeRanges([...heights].map((height) => ({ from: height, to: height })));
}
