import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFairQueue, type FairQueue } from "./fair-queue.js";

const all = () => true;

function filled(
  places: readonly [item: string, priority: "interactive" | "background", caller: string][],
): FairQueue<string> {
  const queue = createFairQueue<string>();
  for (const [item, priority, caller] of places) queue.add(item, { priority, caller, front: false });
  return queue;
}

function drain(queue: FairQueue<string>): string[] {
  const taken: string[] = [];
  while (queue.size > 0) taken.push(queue.take(all) ?? "");
  return taken;
}

describe("a fair queue", () => {
  it("takes interactive items first, and callers in turn", () => {
    const queue = filled([
      ["run 1", "background", "run"],
      ["a1", "interactive", "a"],
      ["a2", "interactive", "a"],
      ["a3", "interactive", "a"],
      ["b1", "interactive", "b"],
      ["b2", "interactive", "b"],
    ]);
    expect(drain(queue)).toEqual(["a1", "b1", "a2", "b2", "a3", "run 1"]);
  });

  it("puts a returning item in front of its caller's items", () => {
    const queue = filled([["a1", "interactive", "a"]]);
    queue.add("again", { priority: "interactive", caller: "a", front: true });
    expect(drain(queue)).toEqual(["again", "a1"]);
  });

  it("skips items that are not accepted, and drops removed items", () => {
    const queue = filled([
      ["a1", "interactive", "a"],
      ["a2", "interactive", "a"],
      ["b1", "interactive", "b"],
    ]);
    expect(queue.take((item) => item === "a2")).toBe("a2");
    queue.remove("b1");
    expect([...queue.items()]).toEqual(["a1"]);
    expect(queue.take(() => false)).toBeUndefined();
    expect(queue.size).toBe(1);
  });

  it("serves all waiting callers equally, with a difference of at most one", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 8, maxLength: 60 }), (callers) => {
        const queue = createFairQueue<{ caller: string; at: number }>();
        callers.forEach((caller, at) => {
          queue.add(
            { caller: `${caller}`, at },
            { priority: "interactive", caller: `${caller}`, front: false },
          );
        });
        const left = new Map<string, number>();
        for (const caller of callers) left.set(`${caller}`, (left.get(`${caller}`) ?? 0) + 1);
        const served = new Map<string, number>();
        const seen: number[] = [];
        while ([...left.values()].every((count) => count > 0)) {
          const item = queue.take(all);
          if (item === undefined) throw new Error("The queue ended early.");
          left.set(item.caller, (left.get(item.caller) ?? 0) - 1);
          served.set(item.caller, (served.get(item.caller) ?? 0) + 1);
          seen.push(item.at);
          const counts = [...left.keys()].map((caller) => served.get(caller) ?? 0);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
        expect(new Set(seen).size).toBe(seen.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
