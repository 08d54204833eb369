import { expect, it } from "vitest";
import type { TaskResult } from "../../domain/task.js";
import { createCountingChain } from "../../testing/counting-chain.js";
import type { Delivery } from "./call.js";
import { createDeliveryBuffer } from "./delivery-buffer.js";

/** A delivery of one height with a number of transactions. */
function delivery(height: number, transactions = 0, bytes = 10): Delivery {
  const chain = createCountingChain({ transactions: () => transactions });
  const result: TaskResult = {
    kind: "height",
    block: chain.block(height),
    transactions: Array.from({ length: transactions }, (_, index) => chain.transaction(height, index)),
  };
  return { results: [result], cursor: height, messages: 1, bytes };
}

function setUp() {
  let bytes = 0;
  let returns = 0;
  const buffer = createDeliveryBuffer({
    bytesChanged: (by) => (bytes += by),
    onReturn: () => (returns += 1),
  });
  const iterator = buffer.deliveries[Symbol.asyncIterator]();
  return { buffer, iterator, bytes: () => bytes, returns: () => returns };
}

const summary = ({ value }: IteratorResult<Delivery, unknown>): unknown => {
  const { results, messages, bytes, cursor } = value as Delivery;
  return [results.length, messages, bytes, cursor];
};

it("merges the deliveries that wait, and counts their bytes until they are consumed", async () => {
  const { buffer, iterator, bytes } = setUp();
  for (const height of [1, 2, 3]) expect(buffer.push(delivery(height))).toBe(true);
  expect(bytes()).toBe(30);
  expect(summary(await iterator.next())).toEqual([3, 3, 30, 3]);
  expect(bytes()).toBe(0);
});

it("merges up to 100 heights, and up to 100 transactions", async () => {
  const heights = setUp();
  for (let height = 1; height <= 101; height += 1) heights.buffer.push(delivery(height));
  expect(summary(await heights.iterator.next())).toEqual([100, 100, 1_000, 100]);
  expect([summary(await heights.iterator.next()), heights.bytes()]).toEqual([[1, 1, 10, 101], 0]);

  const transactions = setUp();
  for (const height of [1, 2, 3]) transactions.buffer.push(delivery(height, 50));
  expect(summary(await transactions.iterator.next())).toEqual([2, 2, 20, 2]);
  expect(summary(await transactions.iterator.next())).toEqual([1, 1, 10, 3]);
});

it("delivers what waits before its end or its error, and ignores a later end", async () => {
  const { buffer, iterator } = setUp();
  buffer.push(delivery(1));
  buffer.end(new Error("broken"));
  buffer.end();
  expect(buffer.push(delivery(2))).toBe(true);
  expect(summary(await iterator.next())).toEqual([1, 1, 10, 1]);
  await expect(iterator.next()).rejects.toThrow("broken");

  const complete = setUp();
  const next = complete.iterator.next();
  complete.buffer.end();
  expect(await next).toEqual({ done: true, value: undefined });
});

it("drops what waits when it aborts or its consumer leaves", async () => {
  const aborted = setUp();
  aborted.buffer.push(delivery(1));
  aborted.buffer.abort(new Error("cancelled"));
  expect(aborted.bytes()).toBe(0);
  await expect(aborted.iterator.next()).rejects.toThrow("cancelled");
  expect(aborted.returns()).toBe(0);

  const left = setUp();
  left.buffer.push(delivery(1));
  await left.iterator.return!();
  expect([left.bytes(), left.returns()]).toEqual([0, 1]);
  left.buffer.push(delivery(2));
  expect(left.bytes()).toBe(0);
  expect(await left.iterator.next()).toEqual({ done: true, value: undefined });
});

it("is full above 128 MiB, because the worker ignores its credit", () => {
  const { buffer } = setUp();
  expect(buffer.push(delivery(1, 0, 128 * 1024 * 1024))).toBe(true);
  expect(buffer.push(delivery(2, 0, 1))).toBe(false);
});
