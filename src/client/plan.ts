// How a request becomes tasks. Pure.
import { splitRanges, totalHeights, type HeightRange } from "../domain/height.js";

/** Heights of one task at most: small enough that a lost worker costs little. */
const largestTask = 500;
/** Tasks for each place at a worker: a slow worker then takes fewer, and all end at about the same time. */
const tasksPerPlace = 4;

/** Cuts ranges by height into tasks for workers that have `room` places together. */
export function planTasks(ranges: readonly HeightRange[], room: number): HeightRange[] {
  const wanted = Math.ceil(totalHeights(ranges) / (Math.max(1, room) * tasksPerPlace));
  return splitRanges(ranges, Math.min(largestTask, Math.max(1, wanted)));
}
