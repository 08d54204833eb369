// Messages of results: without loss, without needless splits, within the size limit.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TaskResult } from "../../domain/task.js";
import { createCountingChain } from "../../testing/counting-chain.js";
import { createBatch } from "./batch.js";
import type { Item } from "./frames.js";
import { sizes } from "./limits.js";

/** A block takes 100 bytes; a transaction takes the number in its memo. */
function measure(item: Item): number {
  return item.kind === "transaction" ? Number(item.transaction.memo) : 100;
}

function heightResult(height: number, transactionBytes: readonly number[]): TaskResult {
  const chain = createCountingChain({ transactions: () => transactionBytes.length });
  return {
    kind: "height",
    block: chain.block(height),
    transactions: transactionBytes.map((bytes, index) => ({
      ...chain.transaction(height, index),
      memo: `${bytes}`,
    })),
  };
}

it("keeps every item, respects the size, and moves the cursor with the last item of a height", () => {
  const maxBytes = 50_000;
  const transactionBytes = fc.array(fc.integer({ min: 10, max: 20_000 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(transactionBytes, { minLength: 1, maxLength: 12 }), (heights) => {
      const batch = createBatch({ maxItems: Infinity, maxBytes, measure });
      heights.forEach((bytes, height) => batch.add(heightResult(height, bytes)));
      const messages = batch.take();
      expect(batch.empty).toBe(true);
      const sent = messages.flatMap(({ items }) => items);
      expect(sent.length).toBe(heights.length + heights.flat().length);
      let done = 0;
      for (const { items, cursor } of messages) {
        expect(items.reduce((sum, item) => sum + measure(item), 0)).toBeLessThan(maxBytes);
        done += items.length;
        const whole = heights.filter(
          (_, height) => heights.slice(0, height + 1).reduce((sum, each) => sum + 1 + each.length, 0) <= done,
        ).length;
        expect(cursor ?? -1).toBe(whole - 1);
      }
    }),
    { numRuns: 3_000 },
  );
});

it("puts one item in a message for managers without batches; the last message of a height has its cursor", () => {
  const batch = createBatch({ maxItems: 1, maxBytes: sizes.defaultMessage, measure });
  batch.add(heightResult(7, [10, 10]));
  batch.add(heightResult(8, []));
  expect(batch.full).toBe(true);
  expect(batch.take().map(({ items, cursor }) => [items.map(({ kind }) => kind), cursor])).toEqual([
    [["block"], undefined],
    [["transaction"], undefined],
    [["transaction"], 7],
    [["block"], 8],
  ]);
});

it("is full at about 100 transactions or 256 KiB", () => {
  const many = createBatch({ maxItems: Infinity, maxBytes: sizes.message, measure });
  let heights = 0;
  while (!many.full) many.add(heightResult(heights++, [100, 100, 100, 100]));
  expect(heights).toBe(25);
  const large = createBatch({ maxItems: Infinity, maxBytes: sizes.message, measure });
  heights = 0;
  while (!large.full) large.add(heightResult(heights++, [50_000]));
  expect(heights).toBe(6);
});
