// Sorts the heights of a worker of protocol version 0, which sends heights and transactions in any order, without positions.
// Imports only domain and connectivity/protocol; never does I/O.
import type { Block } from "../../../domain/block.js";
import type { Height, HeightRange } from "../../../domain/height.js";
import type { Quarantined } from "../../../domain/task.js";
import type { Transaction } from "../../../domain/transaction.js";
import { ProtocolViolation } from "../../protocol/assembly.js";
import type { Item } from "../../protocol/frames.js";
import { boundsOf, heightOf, type HeightsRequest } from "../../protocol/height-assembly.js";
import type { HeightItem } from "../../protocol/open-height.js";

/** A complete height: its block, then its transactions by position. */
export interface SortedHeight {
  readonly height: Height;
  readonly items: readonly Item[];
  readonly transactions: number;
  readonly bytes: number;
}

/** The heights of one request. */
export interface HeightSorter {
  /** Adds an item; ignores heights outside the request and duplicates. Throws a ProtocolViolation. */
  take(item: HeightItem, hasIndex: boolean, bytes: number): void;
  /** Returns the heights that became complete since the last call, in ascending order without a gap. */
  takeComplete(): readonly SortedHeight[];
  /** Bytes of heights that cannot be returned yet. */
  readonly bytes: number;
  /**
   * Returns the last heights after the worker ended, and the heights that it skipped to reach its newest one. Throws a
   * ProtocolViolation if something else is missing.
   */
  finish(): { readonly heights: readonly SortedHeight[]; readonly skipped: HeightRange | undefined };
}

/** Creates the sorter of a request. */
export function createHeightSorter(request: HeightsRequest): HeightSorter {
  const bounds = boundsOf(request);
  const unsorted = new Map<Height, UnsortedHeight>();
  /** The next height to return; undefined until the end if the worker chooses where to begin. */
  let next = bounds.from;
  let remaining = bounds.limit;
  let newest: Height | undefined;
  let bytes = 0;

  const takeComplete = (): SortedHeight[] => {
    const heights: SortedHeight[] = [];
    while (next !== undefined && remaining > 0) {
      const entry = unsorted.get(next);
      if (entry?.isComplete !== true) break;
      unsorted.delete(next);
      bytes -= entry.bytes;
      heights.push(entry.sort());
      next += 1;
      remaining -= 1;
    }
    return heights;
  };

  return {
    take(item, hasIndex, size) {
      const height = heightOf(item);
      newest = Math.max(newest ?? height, height);
      if (remaining === 0 || (next !== undefined && height < next) || height > bounds.to) return;
      let entry = unsorted.get(height);
      if (entry === undefined) {
        entry = createUnsortedHeight(height);
        unsorted.set(height, entry);
      }
      const before = entry.bytes;
      entry.take(item, hasIndex, size);
      bytes += entry.bytes - before;
    },
    takeComplete,
    get bytes() {
      return bytes;
    },
    finish() {
      next ??= unsorted.size === 0 ? undefined : Math.min(...unsorted.keys());
      const heights = takeComplete();
      const isDone = request.kind === "heights" ? next === bounds.to + 1 : unsorted.size === 0;
      if (remaining === 0 || isDone) return { heights, skipped: undefined };
      const missing = next ?? bounds.to;
      const entry = unsorted.get(missing);
      if (entry !== undefined) throw new ProtocolViolation(entry.describeMissing());
      if (request.kind === "latest" && newest !== undefined) {
        return { heights, skipped: { from: missing, to: Math.min(newest, missing + remaining - 1) } };
      }
      throw new ProtocolViolation(`The worker ended, but height ${missing} never arrived.`);
    },
  };
}

interface UnsortedHeight {
  readonly isComplete: boolean;
  readonly bytes: number;
  take(item: HeightItem, hasIndex: boolean, bytes: number): void;
  sort(): SortedHeight;
  describeMissing(): string;
}

function createUnsortedHeight(height: Height): UnsortedHeight {
  /** By position, or by hash if the worker sends no positions. */
  const transactions = new Map<number | string, Transaction>();
  let block: Block | undefined;
  let quarantined: Quarantined | undefined;
  let hasAllIndexes = true;
  let bytes = 0;

  const describeCount = ({ transactionCount }: Block): string =>
    `Block ${height} declares ${transactionCount} transactions, but ${transactions.size} arrived.`;

  const takeBlock = (received: Block): boolean => {
    if (block !== undefined && block.hash !== received.hash) {
      throw new ProtocolViolation(
        `Two blocks of height ${height} arrived: ${block.hash} and ${received.hash}.`,
      );
    }
    const isNew = block === undefined;
    block ??= received;
    return isNew;
  };

  const takeTransaction = (received: Transaction, hasIndex: boolean): boolean => {
    const key = hasIndex ? received.index : received.hash;
    const before = transactions.get(key);
    if (before !== undefined && before.hash !== received.hash) {
      throw new ProtocolViolation(
        `Two transactions of height ${height} have the position ${received.index}.`,
      );
    }
    transactions.set(key, before ?? received);
    hasAllIndexes &&= hasIndex;
    return before === undefined;
  };

  const takeItem = (item: HeightItem, hasIndex: boolean): boolean => {
    switch (item.kind) {
      case "block":
        return takeBlock(item.block);
      case "transaction":
        return takeTransaction(item.transaction, hasIndex);
      case "quarantine":
        quarantined = item;
        return true;
    }
  };

  /** Without positions, by hash: every fetch gives a transaction the same position. */
  const sortTransactions = (): Transaction[] => {
    const all = [...transactions.values()];
    if (hasAllIndexes) return all.sort((a, b) => a.index - b.index);
    return all.sort((a, b) => (a.hash < b.hash ? -1 : 1)).map((each, index) => ({ ...each, index }));
  };

  return {
    get isComplete() {
      return quarantined !== undefined || transactions.size === block?.transactionCount;
    },
    get bytes() {
      return bytes;
    },
    take(item, hasIndex, size) {
      if (takeItem(item, hasIndex)) bytes += size;
      if (block !== undefined && transactions.size > block.transactionCount) {
        throw new ProtocolViolation(describeCount(block));
      }
    },
    sort() {
      if (quarantined !== undefined || block === undefined) {
        const note: Item[] = quarantined === undefined ? [] : [{ kind: "quarantine", ...quarantined }];
        return { height, items: note, transactions: 0, bytes };
      }
      const sorted = sortTransactions().map((transaction): Item => ({ kind: "transaction", transaction }));
      return { height, items: [{ kind: "block", block }, ...sorted], transactions: sorted.length, bytes };
    },
    describeMissing() {
      if (block === undefined) return `Transactions of height ${height} arrived, but not its block.`;
      return describeCount(block);
    },
  };
}
