import fc from "fast-check";
import { expect, it } from "vitest";
import { checkFindings, missingCount } from "./check-findings.js";

const ranges = fc.array(
  fc.tuple(fc.nat(60), fc.nat(8)).map(([from, size]) => ({ from, to: from + size })),
  { maxLength: 6 },
);

it("lists each height of the range once, in order, with its finding: 10,000 cases against brute force", () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.nat(60), fc.nat(60)).map(([from, size]) => ({ from, to: from + size })),
      ranges,
      ranges,
      (range, blocks, transactions) => {
        const within = (list: typeof blocks) =>
          list.flatMap(({ from, to }) =>
            from > range.to || to < range.from
              ? []
              : [{ from: Math.max(from, range.from), to: Math.min(to, range.to) }],
          );
        const [missingBlocks, missingTransactions] = [within(blocks), within(transactions)];
        const has = (list: typeof blocks, height: number): boolean =>
          list.some(({ from, to }) => from <= height && height <= to);
        const expected = Array.from({ length: range.to - range.from + 1 }, (_, at) => range.from + at).map(
          (height) => [
            height,
            has(missingBlocks, height)
              ? "missing blocks"
              : has(missingTransactions, height)
                ? "missing transactions"
                : "ok",
          ],
        );
        const findings = checkFindings(range, { missingBlocks, missingTransactions });
        const actual = findings.flatMap(({ kind, from, to }) =>
          Array.from({ length: to - from + 1 }, (_, at) => [from + at, kind]),
        );
        expect(actual).toEqual(expected);
        expect(missingCount(findings)).toBe(expected.filter(([, kind]) => kind !== "ok").length);
      },
    ),
    { numRuns: 10_000 },
  );
});
