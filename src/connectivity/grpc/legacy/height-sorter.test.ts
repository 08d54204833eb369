// Sorted heights against the heights that were sent in random order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskRequest } from "../../../domain/task.js";
import { countingChain, createCountingChain } from "../../../testing/counting-chain.js";
import { span } from "../../../testing/manager-bench.js";
import { itemsOf } from "../../../testing/scripted-worker.js";
import type { Item } from "../../protocol/frames.js";
import { isHeightItem, type HeightsRequest } from "../../protocol/height-assembly.js";
import { createHeightSorter, type HeightSorter, type SortedHeight } from "./height-sorter.js";

const chain = createCountingChain();
const heights = (from: number, to: number): HeightsRequest => ({
  kind: "heights",
  chain: countingChain,
  range: { from, to },
});
const latest = (after: number | undefined, limit: number): Extract<TaskRequest, { kind: "latest" }> => ({
  kind: "latest",
  chain: countingChain,
  limit,
  ...(after !== undefined && { after: { height: after } }),
});

/** Adds items as a worker sends them that knows no positions. */
function takeAll(sorter: HeightSorter, items: readonly Item[]): SortedHeight[] {
  return items.flatMap((item) => {
    if (!isHeightItem(item)) throw new Error("Only items of heights are sent.");
    const isTransaction = item.kind === "transaction";
    const sent = isTransaction ? { ...item, transaction: { ...item.transaction, index: 0 } } : item;
    sorter.take(sent, !isTransaction, 10);
    return [...sorter.takeComplete()];
  });
}

describe("the height sorter", () => {
  it("returns whole heights in order for every order of the items, with or without duplicates", () => {
    const all = itemsOf(chain, 1, 9);
    const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
    fc.assert(
      fc.property(shuffled, fc.array(fc.nat(), { maxLength: 5 }), (items, duplicates) => {
        const sent = [...items];
        for (const at of duplicates) {
          const item = sent[at % sent.length];
          if (item !== undefined) sent.splice(at % 7, 0, item);
        }
        const sorter = createHeightSorter(heights(1, 9));
        const sorted = takeAll(sorter, sent);
        const { heights: rest, skipped } = sorter.finish();
        expect(skipped).toBeUndefined();
        expect(sorter.bytes).toBe(0);
        expect(
          [...sorted, ...rest].map(({ height, items: each, transactions }) => [height, each, transactions]),
        ).toEqual(span(1, 9).map((height) => [height, itemsOf(chain, height, height), height % 4]));
      }),
      { numRuns: 3_000 },
    );
  });

  it("ignores heights outside the request", () => {
    const sorter = createHeightSorter(heights(3, 3));
    expect(takeAll(sorter, [...itemsOf(chain, 2, 2), ...itemsOf(chain, 4, 4)])).toEqual([]);
    expect(sorter.bytes).toBe(0);
    expect(takeAll(sorter, itemsOf(chain, 3, 3))).toMatchObject([{ height: 3, bytes: 40 }]);
  });

  it("refuses two different blocks of one height", () => {
    const sorter = createHeightSorter(heights(3, 3));
    const blocks = [chain.block(3), { ...chain.block(3), hash: "other" }];
    expect(() =>
      takeAll(
        sorter,
        blocks.map((block) => ({ kind: "block", block })),
      ),
    ).toThrow("Two blocks of height 3 arrived: block-3 and other.");
  });

  it("refuses more transactions than the block declares", () => {
    const sorter = createHeightSorter(heights(3, 3));
    takeAll(sorter, [{ kind: "block", block: { ...chain.block(3), transactionCount: 5 } }]);
    const items = itemsOf(chain, 3, 3).slice(1);
    takeAll(sorter, items);
    expect(() => sorter.finish()).toThrow("Block 3 declares 5 transactions, but 3 arrived.");
    const full = createHeightSorter(heights(3, 3));
    takeAll(full, items);
    expect(() =>
      takeAll(full, [{ kind: "block", block: { ...chain.block(3), transactionCount: 2 } }]),
    ).toThrow("Block 3 declares 2 transactions, but 3 arrived.");
  });

  it("returns the heights that the worker skipped, up to the limit", () => {
    const sorter = createHeightSorter(latest(10, 5));
    takeAll(sorter, itemsOf(chain, 400, 402));
    expect(sorter.finish()).toEqual({ heights: [], skipped: { from: 11, to: 15 } });
    const near = createHeightSorter(latest(10, 50));
    takeAll(near, itemsOf(chain, 12, 13));
    expect(near.finish()).toEqual({ heights: [], skipped: { from: 11, to: 13 } });
  });

  it("begins at the lowest height at the end if the worker chooses where to begin", () => {
    const sorter = createHeightSorter(latest(undefined, 10));
    expect(takeAll(sorter, [...itemsOf(chain, 21, 21), ...itemsOf(chain, 20, 20)])).toEqual([]);
    expect(sorter.finish().heights.map(({ height }) => height)).toEqual([20, 21]);
  });

  it("ends a range with an error if a height is missing", () => {
    const sorter = createHeightSorter(heights(1, 2));
    takeAll(sorter, itemsOf(chain, 1, 1));
    expect(() => sorter.finish()).toThrow("The worker ended, but height 2 never arrived.");
  });
});
