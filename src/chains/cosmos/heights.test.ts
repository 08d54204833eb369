// Reading ahead: in order, bounded by heights and by bytes over all tasks, without deadlock.
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../testing/manual-clock.js";
import { collect } from "../../testing/collect.js";
import { TakeOnce } from "../../lib/take-once.js";
import { TaskFailure } from "../../domain/task.js";
import { unknownResult, type RawCosmosBlock } from "./decode/raw-height.js";
import { createHeightReader, type HeightReaderOptions } from "./heights.js";

const chain = { network: "cosmos", chainId: "test-1" };
const signal = new AbortController().signal;

function blockAt(height: number): RawCosmosBlock {
  return { chainId: "test-1", height, hash: `H${height}`, time: 0n, transactions: [] };
}

/** Nodes that record the requested heights and the maximum of concurrent requests. */
function countingNodes(bytes: number): HeightReaderOptions["nodes"] & { most: number; requested: number[] } {
  let now = 0;
  const nodes = {
    most: 0,
    requested: [] as number[],
    block: async (height: number) => {
      now += 1;
      nodes.requested.push(height);
      nodes.most = Math.max(nodes.most, now);
      // Later heights respond faster: the order must not depend on it.
      for (let turn = 0; turn < 50 - (height % 40); turn += 1) await Promise.resolve();
      now -= 1;
      return { value: blockAt(height), bytes };
    },
    head: () => Promise.resolve({ height: 1_000 }),
    results: () => Promise.resolve({ value: new TakeOnce([]), bytes: 0 }),
  };
  return nodes;
}

const heightsOf = async (
  reader: ReturnType<typeof createHeightReader>,
  range: { from: number; to: number },
): Promise<number[]> => {
  const results = await collect(reader.range(range, signal));
  return results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
};

describe("reading ahead", () => {
  it("returns heights in order, and reads the allowed number in parallel", async () => {
    const nodes = countingNodes(1000);
    const reader = createHeightReader({ chain, nodes, parallel: 8, clock: createManualClock() });
    const expected = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(await heightsOf(reader, { from: 1, to: 100 })).toEqual(expected);
    expect(nodes.most).toBe(8);
    expect(nodes.requested).toEqual(expected);
  });

  it("keeps large heights of all tasks within one limit, and each task completes", async () => {
    const nodes = countingNodes(10 * 1024 * 1024);
    const reader = createHeightReader({ chain, nodes, parallel: 8, clock: createManualClock() });
    await heightsOf(reader, { from: 1, to: 3 });
    nodes.most = 0;
    const tasks = await Promise.all([10, 20, 30].map((from) => heightsOf(reader, { from, to: from + 9 })));
    expect(tasks.flat()).toEqual(Array.from({ length: 30 }, (_, index) => index + 10));
    expect(nodes.most).toBeLessThanOrEqual(3);
  });

  it("releases the reservation of an abandoned task", async () => {
    const nodes = countingNodes(5 * 1024 * 1024);
    const reader = createHeightReader({ chain, nodes, parallel: 8, clock: createManualClock() });
    for (let round = 0; round < 20; round += 1) {
      for await (const result of reader.range({ from: 1, to: 50 }, signal)) {
        expect(result.kind).toBe("height");
        break;
      }
    }
    nodes.most = 0;
    await heightsOf(reader, { from: 1, to: 20 });
    expect(nodes.most).toBeGreaterThan(1);
  });

  it("returns the heights before a failed height, then fails", async () => {
    const failure = new TaskFailure("Gone.", "other-worker", { type: "pruned", height: 7 });
    const healthy = countingNodes(1000);
    const nodes = {
      ...healthy,
      block: (height: number, inner: AbortSignal) =>
        height === 7 ? Promise.reject(failure) : healthy.block(height, inner),
    };
    const reader = createHeightReader({ chain, nodes, parallel: 8, clock: createManualClock() });
    const read: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of reader.range({ from: 3, to: 20 }, signal))
        if (result.kind === "height") read.push(result.block.height);
    };
    await expect(run()).rejects.toBe(failure);
    expect(read).toEqual([3, 4, 5, 6]);
  });

  it("waits exactly 2.5 seconds for the next height", async () => {
    const clock = createManualClock();
    const notReady = new TaskFailure("Not yet.", "other-worker", { type: "not_ready", height: 1 });
    let requests = 0;
    const nodes = {
      block: () => {
        requests += 1;
        return Promise.reject(notReady);
      },
      head: () => Promise.resolve({ height: 1 }),
      results: () => Promise.resolve({ value: new TakeOnce([]), bytes: 0 }),
    };
    const reader = createHeightReader({ chain, nodes, parallel: 1, clock });
    const reading = heightsOf(reader, { from: 1, to: 1 });
    const rejected = expect(reading).rejects.toBe(notReady);
    await clock.advance(2_499);
    expect(requests).toBe(5);
    await clock.advance(1);
    await rejected;
    expect(requests).toBe(6);
  });

  it.each([
    ["waits for it near the head", 100, false],
    ["continues without it 10 blocks below the head", 110, true],
  ])("if no index has a result, %s", async (_, head, continues) => {
    const clock = createManualClock();
    const missing = new TaskFailure("It is not in the index.", "other-worker", {
      type: "not_ready",
      height: 100,
    });
    const block = { ...blockAt(100), transactions: [new Uint8Array([1])] };
    const nodes = {
      head: () => Promise.resolve({ height: head }),
      block: () => Promise.resolve({ value: block, bytes: 1 }),
      results: () => Promise.reject(missing),
      availableResults: () =>
        Promise.resolve({ value: new TakeOnce([unknownResult("It was lost.")]), bytes: 0 }),
    };
    const reading = createHeightReader({ chain, nodes, parallel: 1, clock }).read(100, signal);
    const done = continues
      ? expect(reading).resolves.toMatchObject([
          { kind: "quarantine", height: 100, index: 0 },
          { kind: "height", transactions: [{ hasErrors: true }] },
        ])
      : expect(reading).rejects.toBe(missing);
    await clock.advance(2_500);
    await done;
  });

  it("quarantines a height after the third malformed response", async () => {
    const clock = createManualClock();
    const error = new TaskFailure("Malformed.", "other-worker", { type: "malformed", height: 1 });
    let requests = 0;
    const nodes = {
      ...countingNodes(1),
      block: () => {
        requests += 1;
        return Promise.reject(error);
      },
    };
    const reading = createHeightReader({ chain, nodes, parallel: 1, clock }).read(1, signal);
    await clock.advance(10_000);
    expect(await reading).toEqual([{ kind: "quarantine", height: 1, error: "Malformed." }]);
    expect(requests).toBe(3);
  });

  it("lowers its estimate slowly after a large height", async () => {
    let bytes = 8 * 1024 * 1024;
    const nodes = countingNodes(0);
    const reader = createHeightReader({
      chain,
      nodes: { ...nodes, block: async (height) => ({ ...(await nodes.block(height, signal)), bytes }) },
      parallel: 32,
      clock: createManualClock(),
    });
    await heightsOf(reader, { from: 1, to: 1 });
    bytes = 1;
    await heightsOf(reader, { from: 2, to: 2 });
    nodes.most = 0;
    // 8 MiB × 0.7 fits twice into the budget of 16 MiB.
    const task = reader.range({ from: 3, to: 60 }, signal)[Symbol.asyncIterator]();
    await task.next();
    expect(nodes.most).toBe(2);
    await task.return?.();
  });
});
