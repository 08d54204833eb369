// Conditions that limit a scan to an index range by height: the height bounds, and those derived from time bounds.
import type { BlockFilter } from "../domain/search.js";
import { intervalOf, type Interval } from "./read-bounds.js";
import type { Parameters } from "./read-parameters.js";

/** A chain inside a statement: the SQL of its id, and of whether its times never decrease. */
export interface ChainTerms {
  readonly id: string;
  readonly timeOrdered: string;
}

/** Height and time bounds as intervals; times in nanoseconds since 1970. */
export interface HeightLimits {
  readonly heights: Interval;
  readonly times: Interval;
}

/** The bounds of a filter as intervals, or undefined if nothing satisfies them. */
export function heightLimits({
  heights,
  time,
}: Pick<BlockFilter, "heights" | "time">): HeightLimits | undefined {
  const limits = { heights: intervalOf(heights), times: intervalOf(time) };
  return limits.heights === "empty" || limits.times === "empty"
    ? undefined
    : { heights: limits.heights, times: limits.times };
}

/**
 * Makes the conditions on a height, given its SQL. Conditions derived from time only narrow the scan of chains whose times
 * never decrease; the time itself must be checked too.
 */
export function heightConditions(
  parameters: Parameters,
  chain: ChainTerms,
  { heights, times }: HeightLimits,
): (height: string) => string[] {
  const makers: ((height: string) => string)[] = [];
  const bound = (operator: ">=" | "<=", value: string): void =>
    void makers.push((height) => `${height} ${operator} ${value}`);
  const firstBlock = (operator: ">=" | "<=", time: bigint, direction: "asc" | "desc"): string =>
    `(select b.height from block b where b.chain_id = ${chain.id} and b.time_ns ${operator} ${parameters.int8(time)}
      order by b.time_ns ${direction}, b.height ${direction} limit 1)`;
  const whereOrdered = (found: string, none: string, any: string): string =>
    `case when ${chain.timeOrdered} then coalesce(${found}, ${none}) else ${any} end`;

  if (heights.low !== undefined) bound(">=", parameters.int8(heights.low));
  if (heights.high !== undefined) bound("<=", parameters.int8(heights.high));
  if (times.low !== undefined) bound(">=", whereOrdered(firstBlock(">=", times.low, "asc"), highest, lowest));
  if (times.high !== undefined)
    bound("<=", whereOrdered(firstBlock("<=", times.high, "desc"), lowest, highest));
  return (height) => makers.map((make) => make(height));
}

/** The conditions on a time, given its SQL. */
export function timeConditions(parameters: Parameters, times: Interval, time: string): string[] {
  return [
    ...(times.low !== undefined ? [`${time} >= ${parameters.int8(times.low)}`] : []),
    ...(times.high !== undefined ? [`${time} <= ${parameters.int8(times.high)}`] : []),
  ];
}

/** Below and above every height. */
const lowest = "-1::int8";
const highest = "9223372036854775807::int8";
