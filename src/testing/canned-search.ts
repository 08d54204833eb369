// The searches of the canned client: bounds, columns and pages.
import type { Bounds, Page, PageRequest } from "../domain/search.js";
import type { StoredTransaction, TransactionColumns } from "../store/port.js";

/** Whether a height meets the bounds. */
export function meetsBounds(height: number, bounds: Bounds<number> | undefined): boolean {
  return (
    height === (bounds?.eq ?? height) &&
    height >= (bounds?.gte ?? height) &&
    height <= (bounds?.lte ?? height) &&
    height > (bounds?.gt ?? -1) &&
    height < (bounds?.lt ?? Infinity)
  );
}

/** Returns the transaction with only the requested columns. */
export function selectColumns(
  transaction: StoredTransaction,
  columns: TransactionColumns,
): StoredTransaction {
  const { raw, rawLog, events, ...rest } = transaction;
  return {
    ...rest,
    events: columns.events ? events : [],
    ...(columns.raw && raw !== undefined && { raw }),
    ...(columns.rawLog && rawLog !== undefined && { rawLog }),
  };
}

/** Returns one page of the items, ordered by their positions. */
export function cutPage<T, P extends { readonly height: number; readonly index?: number }>(
  items: readonly T[],
  { order, limit, fromEnd, after, before }: PageRequest<P>,
  sortKey: (item: T) => number,
): Page<T> {
  const direction = order === "OLDEST_FIRST" ? 1 : -1;
  const at = (position: P): number => position.height * 1000 + (position.index ?? 0);
  const sorted = [...items].sort((a, b) => direction * (sortKey(a) - sortKey(b)));
  const inside = sorted.filter(
    (item) =>
      (after === undefined || direction * (sortKey(item) - at(after)) > 0) &&
      (before === undefined || direction * (sortKey(item) - at(before)) < 0),
  );
  const cut = fromEnd === true ? inside.slice(-limit) : inside.slice(0, limit);
  const [first, last] = [cut[0], cut.at(-1)];
  return {
    items: cut,
    hasNext: last !== undefined && sorted.indexOf(last) < sorted.length - 1,
    hasPrevious: first !== undefined && sorted.indexOf(first) > 0,
  };
}
