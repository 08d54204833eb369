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
});
