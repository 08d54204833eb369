import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectWorker, type Candidate } from "./selection.js";

const nobody = { avoid: new Set<string>() };

function worker(workerId: string, fields: Partial<Candidate> = {}): Candidate {
  return { workerId, state: "ONLINE", capacity: 8, inFlight: 0, lastSelected: 0, ...fields };
}

describe("selectWorker", () => {
  it("selects the worker that was selected longest ago among equally loaded workers", () => {
    const workers = [
      worker("a", { lastSelected: 3 }),
      worker("b", { lastSelected: 1 }),
      worker("c", { lastSelected: 2 }),
    ];
    expect(selectWorker(workers, nobody).workerId).toBe("b");
  });

  it("selects the worker with the lowest load for its capacity", () => {
    const workers = [
      worker("small", { capacity: 2, inFlight: 1 }),
      worker("large", { capacity: 16, inFlight: 4 }),
    ];
    expect(selectWorker(workers, nobody).workerId).toBe("large");
  });

  it("selects a worker that failed the task only if there is no other, and waits for busy workers", () => {
    const avoid = new Set(["a"]);
    expect(selectWorker([worker("a"), worker("b")], { avoid }).workerId).toBe("b");
    expect(selectWorker([worker("a"), worker("b", { inFlight: 8 })], { avoid }).workerId).toBeUndefined();
    expect(selectWorker([worker("a"), worker("b", { state: "OFFLINE" })], { avoid }).workerId).toBe("a");
  });

  it("selects the preferred worker while it is online", () => {
    const workers = [worker("a", { inFlight: 5 }), worker("b")];
    expect(selectWorker(workers, { ...nobody, prefer: "a" }).workerId).toBe("a");
    expect(selectWorker(workers, { ...nobody, prefer: "gone" }).workerId).toBe("b");
    for (const state of ["OFFLINE", "DRAINING", "CONNECTING"] as const) {
      const others = [worker("a", { state }), worker("b")];
      expect(selectWorker(others, { ...nobody, prefer: "a" }).workerId).toBe("b");
    }
  });

  it("leaves the last place of a worker to interactive tasks, unless it has only one", () => {
    const background = { ...nobody, priority: "background" } as const;
    expect(selectWorker([worker("a", { inFlight: 6 })], background).workerId).toBe("a");
    const almostFull = [worker("a", { inFlight: 7 })];
    expect(selectWorker(almostFull, background)).toEqual({
      reasons: [{ workerId: "a", reason: "keeps its last place for interactive tasks" }],
    });
    expect(selectWorker(almostFull, nobody).workerId).toBe("a");
    expect(selectWorker([worker("a", { capacity: 1 })], background).workerId).toBe("a");
  });

  it("explains why each other worker was not selected", () => {
    const { workerId, reasons } = selectWorker(
      [
        worker("chosen"),
        worker("busy", { inFlight: 8 }),
        worker("later", { lastSelected: 5 }),
        worker("failed"),
        worker("dialled", { state: "CONNECTING" }),
        worker("ending", { state: "DRAINING" }),
        worker("silent", { state: "OFFLINE" }),
      ],
      { avoid: new Set(["failed"]) },
    );
    expect(workerId).toBe("chosen");
    expect(Object.fromEntries(reasons.map((each) => [each.workerId, each.reason]))).toEqual({
      busy: "executes 8 of 8 tasks",
      later: "has a higher load, or was selected more recently",
      failed: "failed this task before",
      dialled: "is being connected to",
      ending: "is draining and accepts no new task",
      silent: "is offline",
    });
  });

  it("never selects a worker without capacity, and explains all others, for random workers", () => {
    const candidate = fc.record({
      workerId: fc.uuid(),
      state: fc.constantFrom(
        "ONLINE" as const,
        "OFFLINE" as const,
        "DRAINING" as const,
        "CONNECTING" as const,
      ),
      capacity: fc.integer({ min: 1, max: 4 }),
      inFlight: fc.nat(5),
      lastSelected: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 8 }), fc.nat(255), (candidates, bits) => {
        const avoid = new Set(candidates.filter((_, at) => (bits >> at) & 1).map(({ workerId }) => workerId));
        const { workerId, reasons } = selectWorker(candidates, { avoid });
        const free = candidates.filter(
          ({ state, inFlight, capacity }) => state === "ONLINE" && inFlight < capacity,
        );
        if (workerId !== undefined) expect(free.map((each) => each.workerId)).toContain(workerId);
        if (free.some((each) => !avoid.has(each.workerId))) expect(avoid.has(workerId ?? "")).toBe(false);
        expect(reasons).toHaveLength(candidates.length - (workerId === undefined ? 0 : 1));
      }),
      { numRuns: 10_000 },
    );
  });
});
