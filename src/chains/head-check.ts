// Whether an endpoint's newest block is plausible, compared with the newest blocks before it.
// Imports only domain.
// Never does I/O.
import type { ChainHead } from "../domain/chain.js";
import { isHeight, type Height } from "../domain/height.js";

/** How far a newest block may move between two responses of one endpoint. */
export interface HeadLimits {
  /** Heights that it may move back: by a reorganisation, or between nodes behind one address. */
  readonly maxRollback: number;
  /** Heights that it may be above the previous head of any endpoint, in addition to `blocksPerSecond`. */
  readonly maxAhead: number;
  /** Maximum growth of the chain in blocks per second. */
  readonly blocksPerSecond: number;
}

/** Wide limits: a head outside them is impossible on any known chain. */
export const defaultHeadLimits: HeadLimits = { maxRollback: 256, maxAhead: 1_000_000, blocksPerSecond: 1000 };

/** A newest block and the time of its observation in milliseconds. */
export interface ObservedHead {
  readonly height: Height;
  readonly at: number;
}

/** Previous heads: of this endpoint, and the lowest of the other endpoints. */
export interface HeadHistory {
  readonly own?: ObservedHead;
  readonly others?: ObservedHead;
}

/** Returns why the newest block is refused; undefined if it is plausible. */
export function implausibleHead(
  head: ChainHead,
  history: HeadHistory,
  { now, limits }: { readonly now: number; readonly limits: HeadLimits },
): string | undefined {
  if (!isHeight(head.height))
    return `reports ${String(head.height)} as its newest block, which is not a height`;
  const { own, others } = history;
  if (own !== undefined && head.height < own.height - limits.maxRollback) {
    return (
      `moved its newest block back from ${own.height} to ${head.height}, more than the ${limits.maxRollback} blocks of a plausible ` +
      "reorganisation: if the chain was reset, restart the worker"
    );
  }
  for (const seen of [own, others]) {
    if (seen === undefined) continue;
    const most = seen.height + limits.maxAhead + ((now - seen.at) / 1000) * limits.blocksPerSecond;
    if (head.height > most) {
      return `reports ${head.height} as its newest block, implausibly far above the previous ${seen.height}`;
    }
  }
  return undefined;
}
