import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PageRequest } from "../domain/search.js";
import { selectPage, type PageReader } from "./select-page.js";

const list = fc
  .uniqueArray(fc.nat(30), { maxLength: 20 })
  .map((numbers) => numbers.sort((first, second) => first - second));
const request: fc.Arbitrary<PageRequest<number>> = fc
  .tuple(
    fc.constantFrom("NEWEST_FIRST" as const, "OLDEST_FIRST" as const),
    fc.integer({ min: 1, max: 8 }),
    fc.boolean(),
    fc.oneof(
      fc.constant({}),
      fc.nat(30).map((after) => ({ after })),
      fc.nat(30).map((before) => ({ before })),
    ),
  )
  .map(([order, limit, fromEnd, cursor]) => ({ order, limit, fromEnd, ...cursor }));

function readerOf(numbers: readonly number[]): PageReader<number, number> & { readonly scans: number[] } {
  const scans: number[] = [];
  return {
    scans,
    scan: async ({ ascending, from, until, limit }) => {
      scans.push(limit);
      const ordered = ascending ? numbers : numbers.toReversed();
      const way = ascending ? 1 : -1;
      return ordered
        .filter((each) => from === undefined || way * (each - from) >= 0)
        .filter((each) => until === undefined || way * (each - until) < 0)
        .slice(0, limit);
    },
    isAt: (item, position) => item === position,
  };
}

describe("pages", () => {
  it("equal slices of the whole list for any cursor", async () => {
    await fc.assert(
      fc.asyncProperty(list, request, async (numbers, pageRequest) => {
        const { order, limit, fromEnd, after, before } = pageRequest;
        const way = order === "OLDEST_FIRST" ? 1 : -1;
        const ordered = way === 1 ? numbers : numbers.toReversed();
        const inside = ordered.filter(
          (each) =>
            (after === undefined || way * (each - after) > 0) &&
            (before === undefined || way * (each - before) < 0),
        );
        const items = fromEnd === true ? inside.slice(-limit) : inside.slice(0, limit);
        const outside = ordered.filter((each) => !items.includes(each));
        const edge = items[0] ?? after ?? before ?? 0;
        const page = await selectPage(pageRequest, readerOf(numbers));
        expect(page.items).toEqual(items);
        if (items.length > 0) {
          expect(page.hasPrevious).toBe(outside.some((each) => way * (each - edge) < 0));
          expect(page.hasNext).toBe(outside.some((each) => way * (each - edge) > 0));
        } else {
          expect(page.hasNext || page.hasPrevious).toBe(ordered.length > 0 && inside.length === 0);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ["before alone", { before: 4 }, { items: [1, 2], hasNext: true, hasPrevious: false }],
    [
      "before, from the end",
      { before: 4, fromEnd: true },
      { items: [2, 3], hasNext: true, hasPrevious: true },
    ],
    ["the end alone", { fromEnd: true }, { items: [4, 5], hasNext: false, hasPrevious: true }],
    [
      "after, from the end",
      { after: 3, fromEnd: true },
      { items: [4, 5], hasNext: false, hasPrevious: true },
    ],
    ["after the last row", { after: 5 }, { items: [], hasNext: false, hasPrevious: true }],
  ])("are cut by %s", async (_, cursor, expected) => {
    const reader = readerOf([1, 2, 3, 4, 5]);
    expect(await selectPage({ order: "OLDEST_FIRST", limit: 2, ...cursor }, reader)).toEqual(expected);
  });

  it("cost one scan where the cursor is a row of the list", async () => {
    const reader = readerOf([1, 2, 3, 4, 5]);
    expect(await selectPage({ order: "OLDEST_FIRST", limit: 2, after: 2 }, reader)).toEqual({
      items: [3, 4],
      hasNext: true,
      hasPrevious: true,
    });
    expect(reader.scans).toEqual([4]);
  });

  it.each([
    ["no cursor", {}, [3]],
    ["a cursor that is not a row of the list", { after: 0 }, [4, 1]],
    ["a second cursor behind the page", { before: 9 }, [3]],
    ["a second cursor that ends the page", { before: 2 }, [3, 1]],
    ["a page from the end", { fromEnd: true }, [3]],
  ])("cost one row beyond the page, and one per further scan, with %s", async (_, cursor, scans) => {
    const reader = readerOf([1, 2, 3, 4, 5]);
    await selectPage({ order: "OLDEST_FIRST", limit: 2, ...cursor }, reader);
    expect(reader.scans).toEqual(scans);
  });
});
