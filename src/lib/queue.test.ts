import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createQueue } from "./queue.js";

describe("a queue", () => {
  it("preserves order, rejects items above its limit, and throws its error after the waiting items", async () => {
    const queue = createQueue<number>(2);
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
    const iterator = queue[Symbol.asyncIterator]();
    let free = false;
    const waiting = queue.capacity().then(() => (free = true));
    await Promise.resolve();
    expect(free).toBe(false);
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    await waiting;
    queue.end(new Error("over"));
    queue.end();
    expect(await iterator.next()).toEqual({ value: 2, done: false });
    await expect(iterator.next()).rejects.toThrow("over");
    expect(queue.push(4)).toBe(false);
  });

  it("releases a waiting consumer and a waiting producer when it is cleared", async () => {
    const empty = createQueue<number>(1);
    const next = empty[Symbol.asyncIterator]().next();
    empty.clear();
    expect(await next).toEqual({ value: undefined, done: true });

    const full = createQueue<number>(1);
    full.push(1);
    const capacity = full.capacity();
    full.clear();
    await capacity;
    expect([full.size, full.push(2)]).toEqual([0, false]);
  });

  it("returns each of many items once, in order", async () => {
    const queue = createQueue<number>();
    const received: number[] = [];
    for (let item = 0; item < 1_000; item += 1) queue.push(item);
    for await (const item of queue) {
      received.push(item);
      if (item === 500) for (let more = 1_000; more < 1_100; more += 1) queue.push(more);
      if (item === 1_099) queue.end();
    }
    expect(received).toEqual(Array.from({ length: 1_100 }, (_, item) => item));
    expect(queue.size).toBe(0);
  });

  it("calls onAbandon if its consumer stops before the end", async () => {
    let left = 0;
    const queue = createQueue<number>(10, () => (left += 1));
    queue.push(1);
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    expect(left).toBe(1);
    expect(queue.push(2)).toBe(false);
  });

  it("reports the number of waiting items", async () => {
    const queue = createQueue<number>(3);
    const iterator = queue[Symbol.asyncIterator]();
    expect(queue.size).toBe(0);
    queue.push(1);
    queue.push(2);
    expect(queue.size).toBe(2);
    await iterator.next();
    expect(queue.size).toBe(1);
  });

  it("accepts an item again after the consumer took one, with the limit unchanged", async () => {
    const queue = createQueue<number>(2);
    const iterator = queue[Symbol.asyncIterator]();
    queue.push(1);
    queue.push(2);
    for (let item = 3; item < 300; item += 1) {
      expect(queue.push(item)).toBe(false);
      expect(await iterator.next()).toEqual({ value: item - 2, done: false });
      expect([queue.push(item), queue.push(item)]).toEqual([true, false]);
      expect(queue.size).toBe(2);
    }
  });

  it("reports capacity at once while it is below its limit or ended", async () => {
    const queue = createQueue<number>(1);
    await queue.capacity();
    queue.push(1);
    queue.end();
    await queue.capacity();
  });

  it("releases all waiting producers when it ends, and keeps the waiting items", async () => {
    const queue = createQueue<number>(1);
    queue.push(1);
    const waiting = [queue.capacity(), queue.capacity()];
    queue.end();
    await Promise.all(waiting);
    const iterator = queue[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it("wakes a waiting consumer with an item, the end or the error", async () => {
    const queue = createQueue<number>(1);
    const iterator = queue[Symbol.asyncIterator]();
    const item = iterator.next();
    queue.push(1);
    expect(await item).toEqual({ value: 1, done: false });
    const end = iterator.next();
    queue.end();
    expect(await end).toEqual({ value: undefined, done: true });

    const failing = createQueue<number>(1);
    const failed = failing[Symbol.asyncIterator]().next();
    failing.end(new Error("over"));
    await expect(failed).rejects.toThrow("over");
  });

  it("keeps the first end only", async () => {
    const queue = createQueue<number>(1);
    queue.end();
    queue.end(new Error("over"));
    expect(await queue[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });

  it("drops the waiting items when it is cleared", async () => {
    const queue = createQueue<number>();
    const iterator = queue[Symbol.asyncIterator]();
    for (let item = 0; item < 10; item += 1) queue.push(item);
    await iterator.next();
    queue.clear();
    expect(queue.size).toBe(0);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it("does not call back when its consumer leaves after the end, and drops the waiting items", async () => {
    let left = 0;
    const queue = createQueue<number>(10, () => (left += 1));
    queue.push(1);
    queue.end();
    const result = await queue[Symbol.asyncIterator]().return!();
    expect(result).toEqual({ value: undefined, done: true });
    expect([left, queue.size]).toEqual([0, 0]);
  });

  it("releases a taken item from memory", async () => {
    const queue = createQueue<object>();
    const iterator = queue[Symbol.asyncIterator]();
    queue.push({});
    queue.push({});
    const first = new WeakRef(((await iterator.next()) as { value: object }).value);
    // A WeakRef keeps its target until the end of the current job.
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(first.deref()).toBeUndefined();
    expect(queue.size).toBe(1);
  });
});
