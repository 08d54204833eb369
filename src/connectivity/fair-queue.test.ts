import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFairQueue, type FairQueue } from "./fair-queue.js";

const all = () => true;

function filled(
  places: readonly [item: string, priority: "interactive" | "background", asker: string][],
): FairQueue<string> {
  const queue = createFairQueue<string>();
  for (const [item, priority, asker] of places) queue.add(item, { priority, asker, front: false });
  return queue;
}

function drain(queue: FairQueue<string>): string[] {
  const taken: string[] = [];
  while (queue.size > 0) taken.push(queue.take(all) ?? "");
  return taken;
}

describe("a fair queue", () => {
  it("gives interactive items first, and askers their turn", () => {
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

  it("puts what comes back at the front of its asker's line", () => {
    const queue = filled([["a1", "interactive", "a"]]);
    queue.add("again", { priority: "interactive", asker: "a", front: true });
    expect(drain(queue)).toEqual(["again", "a1"]);
  });

  it("passes over what is not accepted, and forgets what is removed", () => {
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

  it("gives each asker a share that differs by one at most while all wait", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 8, maxLength: 60 }), (askers) => {
        const queue = createFairQueue<{ asker: string; at: number }>();
        askers.forEach((asker, at) => {
          queue.add({ asker: `${asker}`, at }, { priority: "interactive", asker: `${asker}`, front: false });
        });
        const left = new Map<string, number>();
        for (const asker of askers) left.set(`${asker}`, (left.get(`${asker}`) ?? 0) + 1);
        const served = new Map<string, number>();
        const seen: number[] = [];
        while ([...left.values()].every((count) => count > 0)) {
          const item = queue.take(all);
          if (item === undefined) throw new Error("The queue ended early.");
          left.set(item.asker, (left.get(item.asker) ?? 0) - 1);
          served.set(item.asker, (served.get(item.asker) ?? 0) + 1);
          seen.push(item.at);
          const counts = [...left.keys()].map((asker) => served.get(asker) ?? 0);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
        expect(new Set(seen).size).toBe(seen.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
