import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { defaultLimits, type Limits } from "./limits.js";
import { buffered, conflated, backpressured } from "./subscriber.js";

interface Item {
  readonly n: number;
  readonly text?: string;
}

interface Caller {
  readonly limits: Limits;
  readonly disconnected: AbortSignal;
  readonly closing: AbortSignal;
  disconnect(): void;
}

function caller(limits: Partial<Limits> = {}): Caller {
  const connection = new AbortController();
  return {
    limits: { ...defaultLimits, ...limits },
    disconnected: connection.signal,
    closing: new AbortController().signal,
    disconnect: () => connection.abort(),
  };
}

/** A source of `count` items that records the items read so far, and whether it ended. */
function counting(
  count: number,
  make: (n: number) => Item = (n) => ({ n }),
): {
  readonly source: (signal: AbortSignal) => AsyncGenerator<Item>;
  readonly state: { read: number; ended: boolean };
} {
  const state = { read: 0, ended: false };
  return {
    state,
    source: async function* (signal) {
      try {
        for (let n = 0; n < count && !signal.aborted; n += 1) {
          state.read = n + 1;
          yield make(n);
        }
      } finally {
        state.ended = true;
      }
    },
  };
}

async function drain(items: AsyncIterable<Item>): Promise<{ items: number[]; error: unknown }> {
  const list: number[] = [];
  try {
    for await (const { n } of items) list.push(n);
  } catch (error) {
    return { items: list, error };
  }
  return { items: list, error: undefined };
}

describe("a subscriber", () => {
  it("buffers 256 events, and fails with the last cursor on overflow", async () => {
    const { source, state } = counting(1_000);
    const events = buffered(caller({ watchStallMs: 50 }), { source, cursorOf: ({ n }) => `cursor-${n}` });
    await expect.poll(() => state.ended).toBe(true);
    expect(state.read).toBe(257);
    const { items, error } = await drain(events);
    expect(items).toEqual(Array.from({ length: 256 }, (_, n) => n));
    expect(error).toMatchObject({
      code: "OVERLOADED",
      retryable: true,
      facts: { limit: 256, cursor: "cursor-255" },
    });
  });

  it("buffers 1 MiB, or one event of any size", async () => {
    const { source, state } = counting(100, (n) => ({ n, text: "x".repeat(300_000) }));
    const events = buffered(caller({ watchStallMs: 50 }), { source, cursorOf: ({ n }) => `${n}` });
    await expect.poll(() => state.ended).toBe(true);
    const { items, error } = await drain(events);
    expect(items).toEqual([0, 1, 2, 3]);
    expect(error).toMatchObject({ code: "OVERLOADED", facts: { cursor: "3" } });
    const huge = counting(1, (n) => ({ n, text: "x".repeat(5_000_000) }));
    expect(await drain(buffered(caller(), { source: huge.source, cursorOf: ({ n }) => `${n}` }))).toEqual({
      items: [0],
      error: undefined,
    });
  });

  it("receives every event while it keeps up", async () => {
    const source = async function* (): AsyncGenerator<Item> {
      for (let n = 0; n < 5_000; n += 1) {
        yield { n };
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { items, error } = await drain(buffered(caller(), { source, cursorOf: ({ n }) => `${n}` }));
    expect(error).toBeUndefined();
    expect(items).toHaveLength(5_000);
  });

  it("receives a burst if it keeps reading", async () => {
    const { source } = counting(5_000);
    const taken: number[] = [];
    for await (const { n } of buffered(caller({ watchStallMs: 200 }), { source, cursorOf: () => "" })) {
      taken.push(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  });

  it("receives the last cursor if the source itself overflows", async () => {
    const source = async function* (): AsyncGenerator<Item> {
      yield { n: 7 };
      throw new IndexerError("OVERLOADED", "Too far behind.", { limit: 1024 });
    };
    const { error } = await drain(buffered(caller(), { source, cursorOf: ({ n }) => `cursor-${n}` }));
    expect(error).toMatchObject({ code: "OVERLOADED", facts: { limit: 1024, cursor: "cursor-7" } });
  });

  it("applies backpressure to a fetch and receives all of its events", async () => {
    const { source, state } = counting(1_000);
    const events = backpressured(caller(), { source });
    await events.next();
    await expect.poll(() => state.read).toBeGreaterThan(256);
    expect(state.read).toBeLessThan(300);
    const { items, error } = await drain(events);
    expect(error).toBeUndefined();
    expect(items).toHaveLength(999);
  });

  it("ends a fetch if it does not read", async () => {
    const { source, state } = counting(1_000);
    const events = backpressured(caller({ fetchStallMs: 50 }), { source });
    await expect.poll(() => state.ended).toBe(true);
    const { items, error } = await drain(events);
    expect(items).toHaveLength(256);
    expect(error).toMatchObject({ code: "OVERLOADED" });
  });

  it("receives only the newest state of each key", async () => {
    const { source, state } = counting(1_000);
    const events = conflated(caller(), { source, keyOf: ({ n }) => `${n % 3}` });
    await expect.poll(() => state.ended).toBe(true);
    expect(await drain(events)).toEqual({ items: [999, 997, 998], error: undefined });
  });

  it.each(["disconnects", "ends the iteration"])("ends the source when the subscriber %s", async (how) => {
    const each = caller();
    let ended = false;
    const source = async function* (signal: AbortSignal): AsyncGenerator<Item> {
      try {
        yield { n: 0 };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      } finally {
        ended = true;
      }
    };
    const events = buffered(each, { source, cursorOf: () => "" });
    await events.next();
    const pending = events.next();
    if (how === "disconnects") each.disconnect();
    else await events.return?.();
    expect(await pending).toEqual({ value: undefined, done: true });
    await expect.poll(() => ended).toBe(true);
  });

  it("receives an error of the source after the events before it", async () => {
    const source = async function* (): AsyncGenerator<Item> {
      yield { n: 0 };
      throw new Error("broken");
    };
    const { items, error } = await drain(buffered(caller(), { source, cursorOf: () => "" }));
    expect(items).toEqual([0]);
    expect(error).toMatchObject({ code: "INTERNAL", message: "broken" });
  });
});
