import { expect, it } from "vitest";
import { TaskFailure } from "../domain/task.js";
import { createRetryQuarantined } from "./retry-quarantined.js";
import type { StoreHeights } from "./store-heights.js";

const chain = { network: "demo", chainId: "demo-1" };
const signal = new AbortController().signal;
const quarantined = [3, 4, 9, 20, 21];

const store = {
  quarantinedHeights: (_chain: unknown, after: number, limit: number) =>
    Promise.resolve(quarantined.filter((height) => height > after).slice(0, limit)),
};

/** Records the requested heights and stores them; the height `failing` fails. */
function recordingStore(failing?: number): {
  readonly storeHeights: StoreHeights;
  readonly requested: number[];
} {
  const requested: number[] = [];
  return {
    requested,
    storeHeights: async ({ ranges, priority, caller, onStored }) => {
      expect([priority, caller, ranges.length]).toEqual(["background", "retry-quarantined", 1]);
      const { from, to } = ranges[0]!;
      expect(to).toBe(from);
      requested.push(from);
      await Promise.resolve();
      if (from === failing) throw new TaskFailure("It cannot be read.", "other-worker", {});
      onStored?.({ worker: "w", heights: 1, completed: [from], blocks: [], transactions: [] });
    },
  };
}

it("requests the next heights with each call, one by one, and starts again after the last", async () => {
  const { storeHeights, requested } = recordingStore();
  const retry = createRetryQuarantined({ store, storeHeights });
  const calls: number[][] = [];
  for (let call = 0; call < 4; call += 1) {
    expect(await retry(chain, 2, signal)).toBe(call === 2 ? 1 : 2);
    calls.push(requested.splice(0));
  }
  expect(calls).toEqual([[3, 4], [9, 20], [21], [3, 4]]);
});

it("continues after heights that fail", async () => {
  const { storeHeights, requested } = recordingStore(3);
  const retry = createRetryQuarantined({ store, storeHeights });
  await expect(retry(chain, 2, signal)).rejects.toThrow("It cannot be read.");
  requested.splice(0);
  await retry(chain, 2, signal);
  expect(requested).toEqual([9, 20]);
});
