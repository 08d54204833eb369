import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapOrdered } from "./map-ordered.js";
import { merge } from "./merge.js";
import { createQueue } from "./queue.js";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
}

async function collect<T>(source: AsyncIterable<T>): Promise<{ items: T[]; error?: unknown }> {
  const items: T[] = [];
  try {
    for await (const item of source) items.push(item);
    return { items };
  } catch (error) {
    return { items, error };
  }
}

async function* numbers(count: number, failAt = Infinity, onClose = (): void => {}): AsyncGenerator<number> {
  try {
    for (let i = 0; i < count; i += 1) {
      if (i === failAt) throw new Error(`source ${i}`);
      await Promise.resolve();
      yield i;
    }
  } finally {
    onClose();
  }
}

describe("mapOrdered", () => {
  it("gives results in order, whatever their own order, never more than the window at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.nat(30),
        fc.integer({ min: 1, max: 5 }),
        async (scheduler, count, window) => {
          let active = 0;
          let most = 0;
          const work = async (item: number): Promise<number> => {
            active += 1;
            most = Math.max(most, active);
            await scheduler.schedule(Promise.resolve());
            active -= 1;
            return item * 2;
          };
          const all = collect(mapOrdered(numbers(count), window, work));
          await scheduler.waitFor(all);
          expect((await all).items).toEqual(Array.from({ length: count }, (_, i) => i * 2));
          expect(most).toBeLessThanOrEqual(window);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives everything before a failure of the source, then the failure", async () => {
    const { items, error } = await collect(mapOrdered(numbers(10, 5), 3, async (item) => item));
    expect(items).toEqual([0, 1, 2, 3, 4]);
    expect(error).toMatchObject({ message: "source 5" });
  });

  it("ends with a failure of the work and closes the source", async () => {
    let closed = false;
    const source = numbers(10, Infinity, () => (closed = true));
    const { items, error } = await collect(
      mapOrdered(source, 3, async (item) => {
        if (item === 4) throw new Error("work 4");
        return item;
      }),
    );
    expect(items).toEqual([0, 1, 2, 3]);
    expect(error).toMatchObject({ message: "work 4" });
    expect(closed).toBe(true);
  });
});

describe("merge", () => {
  it("gives every item of every stream once, each stream in its order, no more than so many at a time", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(10), { maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (counts, limit) => {
          let open = 0;
          let most = 0;
          const streams = counts.map(
            (count, stream) =>
              async function* () {
                open += 1;
                most = Math.max(most, open);
                for await (const item of numbers(count)) yield [stream, item] as const;
                open -= 1;
              },
          );
          const { items } = await collect(merge(streams, limit));
          counts.forEach((count, stream) => {
            const own = items.filter(([from]) => from === stream).map(([, item]) => item);
            expect(own).toEqual(Array.from({ length: count }, (_, i) => i));
          });
          expect(most).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("holds on to nothing that it gave while a stream stays silent", async () => {
    const given: WeakRef<object>[] = [];
    let end = (): void => {};
    const silent = async function* (): AsyncGenerator<object> {
      await new Promise<void>((resolve) => (end = resolve));
      yield {};
    };
    const busy = async function* (): AsyncGenerator<object> {
      for (let i = 0; i < 2_000; i += 1) {
        const item = { bytes: new Uint8Array(50_000) };
        given.push(new WeakRef(item));
        yield item;
      }
    };
    let count = 0;
    for await (const _ of merge([silent, busy], 2, () => end())) {
      count += 1;
      if (count < 2_000) continue;
      // What a WeakRef was made for, or asked for, stays until the turn is over.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      expect(given.filter((each) => each.deref() !== undefined).length).toBeLessThan(10);
      break;
    }
    expect(count).toBe(2_000);
  });

  it("ends with the first failure and closes the others", async () => {
    let closed = 0;
    const streams = [
      () => numbers(100, Infinity, () => (closed += 1)),
      () => numbers(100, 3, () => (closed += 1)),
      () => numbers(100, Infinity, () => (closed += 1)),
    ];
    const { error } = await collect(merge(streams, 3));
    expect(error).toMatchObject({ message: "source 3" });
    expect(closed).toBe(3);
  });
});

describe("a queue", () => {
  it("keeps order, refuses over its limit, tells when there is room, and ends with its error after what waits", async () => {
    const queue = createQueue<number>(2);
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
    const iterator = queue[Symbol.asyncIterator]();
    let room = false;
    const waiting = queue.capacity().then(() => (room = true));
    expect(room).toBe(false);
    expect(await iterator.next()).toEqual({ value: 1, done: false });
    await waiting;
    queue.end(new Error("over"));
    expect(await iterator.next()).toEqual({ value: 2, done: false });
    await expect(iterator.next()).rejects.toThrow("over");
    expect(queue.push(4)).toBe(false);
  });

  it("tells when its consumer leaves", async () => {
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
