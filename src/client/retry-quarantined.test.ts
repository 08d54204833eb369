// What is in quarantine is asked for in turn, all of it, whatever fails.
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
const committer = { commit: () => Promise.reject(new Error("Nothing is to be stored here.")) };

/** Workers that answer nothing and remember what they were asked; a task that begins at `failing` fails. */
function askedWorkers(failing?: number): { readonly dispatcher: Dispatcher; readonly asked: number[] } {
  const asked: number[] = [];
  const dispatcher: Dispatcher = {
    capacity: () => 1,
    run: (request) => {
      if (request.kind !== "heights") throw new Error("Only heights are asked for.");
      for (let height = request.range.from; height <= request.range.to; height += 1) asked.push(height);
      return { taskId: String(asked.length), parts: partsOf(request.range.from === failing) };
    },
  };
  return { dispatcher, asked };
}

// eslint-disable-next-line require-yield
async function* partsOf(fails: boolean): AsyncGenerator<never> {
  await Promise.resolve();
  if (fails) throw new TaskFailure("It cannot be read.", "other-worker", {});
}

it("asks for the next heights with each call, and begins anew after the last", async () => {
  const { dispatcher, asked } = askedWorkers();
  const mend = createRetryQuarantined({ store, committer, dispatcher });
  const calls: number[][] = [];
  for (let call = 0; call < 4; call += 1) {
    await mend(chain, 2, signal);
    calls.push(asked.splice(0));
  }
  expect(calls).toEqual([[3, 4], [9, 20], [21], [3, 4]]);
});

it("goes on behind heights that fail", async () => {
  const { dispatcher, asked } = askedWorkers(3);
  const mend = createRetryQuarantined({ store, committer, dispatcher });
  await expect(mend(chain, 2, signal)).rejects.toThrow("It cannot be read.");
  asked.splice(0);
  await mend(chain, 2, signal);
  expect(asked).toEqual([9, 20]);
});
