// Keyset pagination over any ordered rows: the cost of a page does not depend on its depth.
import type { Page, PageRequest } from "../domain/search.js";

/** Rows in one direction from a position, which is included, to another, which is not. */
export interface Scan<Position> {
  readonly ascending: boolean;
  readonly from?: Position;
  readonly until?: Position;
  readonly limit: number;
}

/** Reads rows and compares them with positions. */
export interface PageReader<T, Position> {
  scan(scan: Scan<Position>): Promise<readonly T[]>;
  isAt(item: T, position: Position): boolean;
}

/** Reads a page with one scan, and a second one only if the cursor is not a row of the list. */
export async function selectPage<T, Position>(
  { order, limit, fromEnd = false, after, before }: PageRequest<Position>,
  { scan, isAt }: PageReader<T, Position>,
): Promise<Page<T>> {
  const ascending = (order === "OLDEST_FIRST") !== fromEnd;
  const [start, stop] = fromEnd ? [before, after] : [after, before];
  const exists = async (way: boolean, from: Position): Promise<boolean> =>
    (await scan({ ascending: way, from, limit: 1 })).length > 0;

  const found = await scan({
    ascending,
    limit: limit + (start === undefined ? 1 : 2),
    ...(start !== undefined && { from: start }),
    ...(stop !== undefined && { until: stop }),
  });
  // A cursor is a row of the list as a rule: meeting it again proves that something lies behind, at no cost.
  const [first] = found;
  const atStart = start !== undefined && first !== undefined && isAt(first, start);
  const rows = atStart ? found.slice(1) : found;
  const behind = atStart || (start !== undefined && (await exists(!ascending, start)));
  const more = rows.length > limit || (stop !== undefined && (await exists(ascending, stop)));

  const items = rows.slice(0, limit);
  if (fromEnd) items.reverse();
  return { items, hasNext: fromEnd ? behind : more, hasPrevious: fromEnd ? more : behind };
}
