// What a check of a chain found, as ranges in order: complete, blocks missing, transactions missing.
// Imports only domain.
// Never does I/O.
import { mergeRanges, subtractRanges, totalHeights, type HeightRange } from "../domain/height.js";

/** A range with one finding. */
export interface CheckFinding extends HeightRange {
  readonly kind: "ok" | "missing blocks" | "missing transactions";
}

/** What is missing between two heights. */
export interface MissingHeights {
  readonly missingBlocks: readonly HeightRange[];
  readonly missingTransactions: readonly HeightRange[];
}

/** Returns the findings of a range in ascending order; together they are the whole range, each height once. */
export function checkFindings(
  range: HeightRange,
  { missingBlocks, missingTransactions }: MissingHeights,
): CheckFinding[] {
  const blocks = mergeRanges(missingBlocks);
  const transactions = mergeRanges(missingTransactions).flatMap((each) => subtractRanges(each, blocks));
  const found = (kind: CheckFinding["kind"], ranges: readonly HeightRange[]): CheckFinding[] =>
    ranges.map(({ from, to }) => ({ kind, from, to }));
  return [
    ...found("ok", subtractRanges(range, [...blocks, ...transactions])),
    ...found("missing blocks", blocks),
    ...found("missing transactions", transactions),
  ].sort((a, b) => a.from - b.from);
}

/** Returns the number of heights that are not complete. */
export function missingCount(findings: readonly CheckFinding[]): number {
  return totalHeights(findings.filter(({ kind }) => kind !== "ok"));
}
