// The limits of a plausible newest block, each with the value on both sides.
import { describe, expect, it } from "vitest";
import { implausibleHead, type HeadHistory } from "./head-check.js";

const limits = { maxRollback: 10, maxAhead: 20, blocksPerSecond: 5 };
const at = (height: number, history: HeadHistory, now = 0): string | undefined =>
  implausibleHead({ height }, history, { now, limits });

describe("a newest block", () => {
  it("is plausible without a history, if it is a height", () => {
    expect(at(0, {})).toBeUndefined();
    expect(at(2 ** 53 - 1, {})).toBeUndefined();
    expect(at(-1, {})).toContain("reports -1 as its newest block");
  });

  it("moves back by at most the rollback, only against the endpoint's own", () => {
    const seen = { height: 1000, at: 0 };
    expect(at(990, { own: seen })).toBeUndefined();
    expect(at(989, { own: seen })).toContain("back from 1000 to 989, more than the 10 blocks");
    expect(at(1, { others: seen })).toBeUndefined();
  });

  it("moves ahead by at most the limit and the growth since the observation", () => {
    const seen = { height: 1000, at: 4_000 };
    for (const history of [{ own: seen }, { others: seen }]) {
      expect(at(1020, history, 4_000)).toBeUndefined();
      expect(at(1021, history, 4_000)).toContain("reports 1021");
      // Two seconds of five blocks each.
      expect(at(1030, history, 6_000)).toBeUndefined();
      expect(at(1031, history, 6_000)).toContain("implausibly far above the previous 1000");
    }
  });
});
