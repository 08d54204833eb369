// Sets of heights as PostgreSQL's int8multirange, written and read as text.
import { mergeRanges, type HeightRange } from "../domain/height.js";

/** The ranges as a multirange's text: `{[1,6),[8,9)}`. */
export function writeMultirange(ranges: readonly HeightRange[]): string {
  return `{${mergeRanges(ranges)
    .map(({ from, to }) => `[${from},${to + 1})`)
    .join(",")}}`;
}

/** Reads a multirange's text. PostgreSQL writes whole numbers always as `[from,to)`. */
export function readMultirange(text: string): HeightRange[] {
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to) - 1,
  }));
}
