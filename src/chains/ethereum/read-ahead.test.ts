import { describe, expect, it } from "vitest";
import type { HeightBatch } from "./block-source.js";
import type { RawEthereumHeight } from "./raw-height.js";
import { createReadAhead, type ReadAhead, type ReadAheadLimits } from "./read-ahead.js";

const mebibyte = 1024 * 1024;
const signal = new AbortController().signal;

interface Setup {
  readonly ahead: ReadAhead;
  /** The requested batches, in order. */
  readonly batches: { readonly from: number; readonly count: number; readonly signal: AbortSignal }[];
  /** Returns the maximum of bytes that were read and not yet consumed. */
  readonly peak: () => number;
  /** Records consumed bytes. */
  readonly take: (bytes: number) => void;
}

function raw(height: number): RawEthereumHeight {
  return { fields: {}, height, hash: "0x", parentHash: "0x", transactions: [], receipts: [] };
}

/** Creates a read-ahead over heights of these sizes. */
function setUp(
  sizeOf: (height: number) => number,
  limits: Partial<ReadAheadLimits> = {},
  failAt = Infinity,
): Setup {
  const batches: Setup["batches"] = [];
  let waiting = 0;
  let peak = 0;
  const read = async (from: number, count: number, inner: AbortSignal): Promise<HeightBatch> => {
    batches.push({ from, count, signal: inner });
    await Promise.resolve();
    const heights = Array.from({ length: count }, (_, at) => from + at).filter((height) => height < failAt);
    const bytes = heights.reduce((sum, height) => sum + sizeOf(height), 0);
    waiting += bytes;
    peak = Math.max(peak, waiting);
    const failure = heights.length < count ? { failure: new Error(`no ${failAt}`) } : {};
    return { heights: heights.map(raw), bytes, ...failure };
  };
  const all = {
    batchHeights: 20,
    parallel: 4,
    batchBytes: 2 * mebibyte,
    totalBytes: 8 * mebibyte,
    ...limits,
  };
  return {
    ahead: createReadAhead(read, all),
    batches,
    peak: () => peak,
    take: (bytes) => void (waiting -= bytes),
  };
}

async function all(
  ahead: ReadAhead,
  from: number,
  to: number,
  onHeight?: (height: number) => void,
): Promise<number[]> {
  const heights: number[] = [];
  for await (const { height } of ahead.heights({ from, to }, signal)) {
    heights.push(height);
    onHeight?.(height);
  }
  return heights;
}

const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe("reading ahead", () => {
  it("yields every height once, ascending, in large batches for small heights", async () => {
    const { ahead, batches } = setUp(() => 1000);
    expect(await all(ahead, 5, 1000)).toEqual(span(5, 1000));
    expect(batches.length).toBeLessThan(60);
    expect(Math.max(...batches.map(({ count }) => count))).toBe(20);
  });

  it.each([100_000, mebibyte, 3 * mebibyte, 20 * mebibyte])(
    "buffers few bytes for heights of %i bytes",
    async (size) => {
      const { ahead, peak, take } = setUp(() => size);
      expect(await all(ahead, 1, 200, () => take(size))).toEqual(span(1, 200));
      expect(peak()).toBeLessThanOrEqual(Math.max(10 * mebibyte, 2 * size));
    },
  );

  it("reads smaller batches as soon as heights become large", async () => {
    const { ahead, batches } = setUp((height) => (height < 200 ? 1000 : mebibyte));
    expect(await all(ahead, 1, 400)).toEqual(span(1, 400));
    const late = batches.filter(({ from }) => from > 300);
    expect(Math.max(...late.map(({ count }) => count))).toBe(2);
  });

  it("shares its capacity between tasks, and each task progresses", async () => {
    const size = 2 * mebibyte;
    const { ahead, peak, take } = setUp(() => size);
    const tasks = Array.from({ length: 6 }, () => all(ahead, 1, 30, () => take(size)));
    for (const heights of await Promise.all(tasks)) expect(heights).toEqual(span(1, 30));
    expect(peak()).toBeLessThanOrEqual(8 * size);
  });

  it("throws a failure after all heights before it, and aborts the other batches", async () => {
    const { ahead, batches } = setUp(() => 1000, {}, 50);
    const seen: number[] = [];
    await expect(all(ahead, 1, 500, (height) => seen.push(height))).rejects.toThrow("no 50");
    expect(seen).toEqual(span(1, 49));
    expect(batches.every(({ signal: inner }) => inner.aborted)).toBe(true);
  });

  it("releases its capacity when a consumer returns early", async () => {
    const { ahead, batches } = setUp(() => mebibyte);
    for (let round = 0; round < 20; round += 1) {
      for await (const { height } of ahead.heights({ from: 1, to: 100 }, signal)) if (height === 3) break;
    }
    const before = batches.length;
    for await (const { height } of ahead.heights({ from: 1, to: 100 }, signal)) if (height === 3) break;
    expect(batches.length - before).toBeGreaterThan(2);
    expect(batches.every(({ signal: inner }) => inner.aborted)).toBe(true);
  });

  it("keeps its number of batches ahead of the batch that is consumed", async () => {
    const { ahead, batches } = setUp(() => 1000);
    for await (const { height } of ahead.heights({ from: 1, to: 1000 }, signal)) {
      if (height !== 2) continue;
      // The first batch measures one height; then four of 20, and one more for the batch in consumption.
      expect(batches.map(({ from, count }) => [from, count])).toEqual([
        [1, 1],
        ...[2, 22, 42, 62, 82].map((from) => [from, 20]),
      ]);
      break;
    }
  });

  it("starts no batch while a fat height of a buffered batch exceeds the total", async () => {
    const { ahead, batches } = setUp((height) => (height === 30 ? 20 * mebibyte : 1000), { parallel: 2 });
    const started: number[] = [];
    for await (const { height } of ahead.heights({ from: 1, to: 200 }, signal)) {
      // A batch that is started reads in later turns.
      await new Promise((resolve) => setImmediate(resolve));
      if (height >= 22 && height <= 41) started.push(batches.at(-1)?.from ?? 0);
      if (height === 41) break;
    }
    // The batch from 42 was in flight before the fat height was known.
    expect(new Set(started)).toEqual(new Set([42]));
  });

  it("still reads ahead after it delivered far more than the total", async () => {
    const { ahead, batches } = setUp(() => mebibyte);
    for await (const { height } of ahead.heights({ from: 1, to: 200 }, signal)) {
      if (height < 150) continue;
      const last = batches.at(-1);
      expect((last?.from ?? 0) + (last?.count ?? 0) - height).toBeGreaterThan(4);
      if (height === 160) break;
    }
  });

  it("estimates the size of a height: increases at once, decreases by three tenths, at least one byte", async () => {
    const sizes = new Map([
      [1, 100],
      [2, 1000],
      [3, 100],
    ]);
    const { ahead, batches } = setUp((height) => sizes.get(height) ?? 0, {
      parallel: 1,
      batchBytes: 1000,
      batchHeights: 100,
    });
    await all(ahead, 1, 1);
    await all(ahead, 2, 2);
    await all(ahead, 3, 3);
    // 1,000 bytes, then 0.7 × 1,000 + 0.3 × 100 = 730: one height fits into a batch.
    await all(ahead, 10, 10);
    // Empty heights: 511, 357.7, then 250.4 bytes, of which three fit; then 175.3, of which five fit.
    for (const from of [20, 30]) await all(ahead, from, from);
    await all(ahead, 40, 50);
    expect(batches.map(({ from, count }) => [from, count]).slice(4, 8)).toEqual([
      [20, 1],
      [30, 1],
      [40, 3],
      [43, 5],
    ]);
  });

  it("starts no batch that would exceed the total", async () => {
    const { ahead, batches } = setUp(() => 1000, {
      batchHeights: 3,
      batchBytes: 3000,
      totalBytes: 8000,
      parallel: 10,
    });
    await all(ahead, 1, 1);
    const iterator = ahead.heights({ from: 11, to: 100 }, signal);
    await iterator.next();
    // Two batches of 3,000 bytes fit, the third would need 9,000.
    expect(batches.slice(1).map(({ from }) => from)).toEqual([11, 14]);
    await iterator.return();
    // A height is as large as its share of a batch: batches keep three heights.
    await all(ahead, 21, 32);
    expect(batches.slice(-4).map(({ from, count }) => [from, count])).toEqual(
      [21, 24, 27, 30].map((from) => [from, 3]),
    );
  });
});
