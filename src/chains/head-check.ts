// Whether an endpoint's newest block can be: it may wander back a little and forward with time, no more.
// Imports only domain; never does I/O.
import type { ChainHead } from "../domain/chain.js";
import { isHeight, type Height } from "../domain/height.js";

/** How far a newest block may move between two answers of one endpoint. */
export interface HeadLimits {
  /** Heights that it may move back: a reorganisation, or nodes behind one address that are not equally far. */
  readonly back: number;
  /** Heights that it may be ahead of what it, or any other endpoint, said last; beside `perSecond`. */
  readonly ahead: number;
  /** Blocks a second that the chain may grow by at most. */
  readonly perSecond: number;
}

/** Generous on purpose: what is refused here cannot be, by a wide margin. */
export const defaultHeadLimits: HeadLimits = { back: 256, ahead: 1_000_000, perSecond: 1000 };

/** A newest block that was seen, and when, in milliseconds. */
export interface SeenHead {
  readonly height: Height;
  readonly at: number;
}

/** What was seen before: by this endpoint, and the lowest newest block of the others. */
export interface HeadHistory {
  readonly own?: SeenHead;
  readonly others?: SeenHead;
}

/** Why the newest block is refused, or nothing where it can be. */
export function headFault(
  head: ChainHead,
  history: HeadHistory,
  { now, limits }: { readonly now: number; readonly limits: HeadLimits },
): string | undefined {
  if (!isHeight(head.height))
    return `says that its newest block is ${String(head.height)}, which is no height`;
  const { own, others } = history;
  if (own !== undefined && head.height < own.height - limits.back) {
    return (
      `moved its newest block back from ${own.height} to ${head.height}, more than the ${limits.back} of a plausible ` +
      "reorganisation: if the chain was reset, restart the worker"
    );
  }
  for (const seen of [own, others]) {
    if (seen === undefined) continue;
    const most = seen.height + limits.ahead + ((now - seen.at) / 1000) * limits.perSecond;
    if (head.height > most) {
      return `says that its newest block is ${head.height}, impossibly far above ${seen.height} that was seen before`;
    }
  }
  return undefined;
}
