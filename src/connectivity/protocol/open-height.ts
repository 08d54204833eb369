// One height while its items arrive.
// Imports only domain and this folder; never does I/O.
import type { Block } from "../../domain/block.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, Quarantined } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";
import { ProtocolViolation } from "./assembly.js";
import type { Item } from "./frames.js";

/** An item that belongs to a height. */
export type HeightItem = Extract<Item, { kind: "block" | "transaction" | "quarantine" }>;

/** The items of one height. */
export interface OpenHeight {
  /** Adds an item of this height. Returns a short constant reason if the item is dropped. Throws a ProtocolViolation. */
  take(item: HeightItem, bytes: number): string | undefined;
  readonly hasBlock: boolean;
  readonly isComplete: boolean;
  readonly bytes: number;
  /** Returns the quarantined items, then the height. Only for a complete height. */
  results(): readonly TaskResult[];
  /** Describes the missing items in one sentence. */
  describeMissing(): string;
}

/** Creates an empty height. */
export function createOpenHeight(height: Height): OpenHeight {
  /** By position: a block may contain the same transaction twice. */
  const transactions = new Map<number, Transaction>();
  const quarantined: Quarantined[] = [];
  /** Positions of quarantined items that stand in the place of a transaction. */
  const replaced = new Set<number>();
  let block: Block | undefined;
  let isQuarantined = false;
  let bytes = 0;

  const filledPositions = (): number =>
    transactions.size + [...replaced].filter((index) => !transactions.has(index)).length;

  const describeCount = (count: number, received: number): string =>
    `Block ${height} declares ${count} transactions, but ${received} arrived.`;

  const takeTransaction = (transaction: Transaction): string | undefined => {
    const { index, hash } = transaction;
    const before = transactions.get(index);
    if (before?.hash === hash) return "doubled";
    if (before !== undefined) {
      throw new ProtocolViolation(`Two transactions of height ${height} have the position ${index}.`);
    }
    if (block !== undefined && index >= block.transactionCount) {
      throw new ProtocolViolation(
        `A transaction of height ${height} has the position ${index} of ${block.transactionCount}.`,
      );
    }
    transactions.set(index, transaction);
    return undefined;
  };

  const takeBlock = (received: Block): string | undefined => {
    if (block === undefined) {
      block = received;
      return undefined;
    }
    if (block.hash === received.hash) return "doubled";
    throw new ProtocolViolation(
      `Two blocks of height ${height} arrived: ${block.hash} and ${received.hash}.`,
    );
  };

  const takeQuarantined = (received: Quarantined): string | undefined => {
    if (quarantined.some(({ index }) => index === received.index)) return "doubled";
    if (received.index === undefined) isQuarantined = true;
    // Before the block, the item accompanies a transaction that follows; after the block, it replaces the transaction.
    else if (block !== undefined) replaced.add(received.index);
    quarantined.push(received);
    return undefined;
  };

  const takeItem = (item: HeightItem): string | undefined => {
    switch (item.kind) {
      case "block":
        return takeBlock(item.block);
      case "transaction":
        return takeTransaction(item.transaction);
      case "quarantine": {
        const { kind: _, ...received } = item;
        return takeQuarantined(received);
      }
    }
  };

  return {
    take(item, size) {
      const dropped = takeItem(item);
      if (dropped === undefined) bytes += size;
      if (block !== undefined && filledPositions() > block.transactionCount) {
        throw new ProtocolViolation(describeCount(block.transactionCount, filledPositions()));
      }
      return dropped;
    },
    get hasBlock() {
      return block !== undefined;
    },
    get isComplete() {
      return isQuarantined || (block !== undefined && filledPositions() === block.transactionCount);
    },
    get bytes() {
      return bytes;
    },
    results() {
      const notes = quarantined.map((each): TaskResult => ({ kind: "quarantine", ...each }));
      if (block === undefined || isQuarantined) return notes;
      const sorted = [...transactions.values()].sort((a, b) => a.index - b.index);
      return [...notes, { kind: "height", block, transactions: sorted }];
    },
    describeMissing() {
      if (block === undefined) return `Transactions of height ${height} arrived, but not its block.`;
      return describeCount(block.transactionCount, filledPositions());
    },
  };
}
