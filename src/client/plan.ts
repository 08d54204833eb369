// Splits a request into tasks. Pure values; imports only domain; never does I/O.
import type { ChainRef } from "../domain/chain.js";
import { splitRanges, totalHeights, type HeightRange } from "../domain/height.js";
import type { TaskRequest } from "../domain/task.js";

/** The maximum of heights in a task: little work is lost with a worker. */
const maxTaskHeights = 500;
/** Tasks for each free slot of a worker: slow workers take fewer tasks, so all workers end at about the same time. */
const tasksPerSlot = 4;

/** Splits ranges into tasks for workers that can execute `capacity` tasks at once; preserves the order of heights. */
export function planTasks(ranges: readonly HeightRange[], capacity: number): HeightRange[] {
  const wanted = Math.ceil(totalHeights(ranges) / (Math.max(1, capacity) * tasksPerSlot));
  return splitRanges(ranges, Math.min(maxTaskHeights, Math.max(1, wanted)));
}

/** Returns the tasks for ranges of heights, in the order of the ranges. */
export function planHeightTasks(
  chain: ChainRef,
  ranges: readonly HeightRange[],
  capacity: number,
): TaskRequest[] {
  return planTasks(ranges, capacity).map((range) => ({ kind: "heights", chain, range }));
}
