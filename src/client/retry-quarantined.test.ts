import { expect, it } from "vitest";
import type { Dispatcher } from "../connectivity/port.js";
import { TaskFailure } from "../domain/task.js";
import { createRetryQuarantined } from "./retry-quarantined.js";

const chain = { network: "demo", chainId: "demo-1" };
const signal = new AbortController().signal;
const quarantined = [3, 4, 9, 20, 21];

const store = {
  quarantinedHeights: (_chain: unknown, after: number, limit: number) =>
    Promise.resolve(quarantined.filter((height) => height > after).slice(0, limit)),
};
const committer = { commit: () => Promise.reject(new Error("This test stores nothing.")) };

/** Workers that return no parts and record the requested heights; a task that starts at `failing` fails. */
function recordingWorkers(failing?: number): {
  readonly dispatcher: Dispatcher;
  readonly requested: number[];
} {
  const requested: number[] = [];
  const dispatcher: Dispatcher = {
    capacity: () => 1,
    run: (request, { priority, caller }) => {
      expect([priority, caller]).toEqual(["background", "retry-quarantined"]);
      if (request.kind !== "heights") throw new Error("Only tasks for heights are allowed.");
      for (let height = request.range.from; height <= request.range.to; height += 1) requested.push(height);
      return { taskId: String(requested.length), parts: partsOf(request.range.from === failing) };
    },
  };
  return { dispatcher, requested };
}

// eslint-disable-next-line require-yield
async function* partsOf(fails: boolean): AsyncGenerator<never> {
  await Promise.resolve();
  if (fails) throw new TaskFailure("It cannot be read.", "other-worker", {});
}

it("requests the next heights with each call, and starts again after the last", async () => {
  const { dispatcher, requested } = recordingWorkers();
  const retry = createRetryQuarantined({ store, committer, dispatcher });
  const calls: number[][] = [];
  for (let call = 0; call < 4; call += 1) {
    await retry(chain, 2, signal);
    calls.push(requested.splice(0));
  }
  expect(calls).toEqual([[3, 4], [9, 20], [21], [3, 4]]);
});

it("continues after heights that fail", async () => {
  const { dispatcher, requested } = recordingWorkers(3);
  const retry = createRetryQuarantined({ store, committer, dispatcher });
  await expect(retry(chain, 2, signal)).rejects.toThrow("It cannot be read.");
  requested.splice(0);
  await retry(chain, 2, signal);
  expect(requested).toEqual([9, 20]);
});
