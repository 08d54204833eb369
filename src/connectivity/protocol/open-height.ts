// One height while its pieces arrive.
// Imports only domain and this folder; never does I/O.
import type { Block } from "../../domain/block.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, Quarantined } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";
import { ProtocolViolation } from "./assembly.js";
import type { Item } from "./frames.js";

export interface OpenHeight {
  /** Takes a piece of this height; gives a short constant name where it was left out. Throws a Mismatch. */
  take(
    piece: Extract<Item, { kind: "block" | "transaction" | "quarantine" }>,
    bytes: number,
  ): string | undefined;
  readonly hasBlock: boolean;
  readonly isWhole: boolean;
  readonly bytes: number;
  /** The height, with what could not be decoded before it. Only of a whole height. */
  answers(): readonly TaskResult[];
  /** What is missing, as a sentence. */
  lack(): string;
}

/** Creates an empty height. */
export function createOpenHeight(height: Height): OpenHeight {
  /** By position; of legacy peers, which tell none, by hash. A block may hold the same transaction twice. */
  const transactions = new Map<number | string, Transaction>();
  const quarantined: Quarantined[] = [];
  let block: Block | undefined;
  let unplaced = false;
  let lost = false;
  let bytes = 0;

  /** Positions of which a note stands in the place of the transaction. */
  const replaced = new Set<number>();

  /** Places of the block that are filled. */
  const count = (): number =>
    transactions.size + [...replaced].filter((index) => !transactions.has(index)).length;

  const takeTransaction = (transaction: Transaction, isUnplaced: boolean): string | undefined => {
    const { index, hash } = transaction;
    const place = isUnplaced ? hash : index;
    const before = transactions.get(place);
    if (before?.hash === hash) return "doubled";
    if (before !== undefined)
      throw new ProtocolViolation(`Two transactions of height ${height} have the position ${index}.`);
    if (!isUnplaced && block !== undefined && index >= block.transactionCount) {
      throw new ProtocolViolation(
        `A transaction of height ${height} has the position ${index} of ${block.transactionCount}.`,
      );
    }
    transactions.set(place, transaction);
    unplaced ||= isUnplaced;
    return undefined;
  };

  const takeBlock = (given: Block): string | undefined => {
    if (block === undefined) {
      block = given;
      return undefined;
    }
    if (block.hash !== given.hash) {
      throw new ProtocolViolation(`Two blocks of height ${height} came: ${block.hash} and ${given.hash}.`);
    }
    return "doubled";
  };

  return {
    take(piece, size) {
      let dropped: string | undefined;
      switch (piece.kind) {
        case "block":
          dropped = takeBlock(piece.block);
          break;
        case "transaction":
          dropped = takeTransaction(piece.transaction, piece.unplaced ?? false);
          break;
        case "quarantine": {
          const { kind: _, ...what } = piece;
          if (quarantined.some(({ index }) => index === what.index)) {
            dropped = "doubled";
            break;
          }
          if (what.index === undefined) lost = true;
          // What comes before its block is told beside the transaction, which comes in its turn.
          else if (block !== undefined) replaced.add(what.index);
          quarantined.push(what);
        }
      }
      if (dropped === undefined) bytes += size;
      if (block !== undefined && count() > block.transactionCount) {
        throw new ProtocolViolation(
          `Block ${height} says it holds ${block.transactionCount} transactions, but ${count()} came.`,
        );
      }
      return dropped;
    },
    get hasBlock() {
      return block !== undefined;
    },
    get isWhole() {
      return lost || (block !== undefined && count() === block.transactionCount);
    },
    get bytes() {
      return bytes;
    },
    answers() {
      const notes = quarantined.map((what): TaskResult => ({ kind: "quarantine", ...what }));
      if (block === undefined || lost) return notes;
      const all = unplaced ? placed(transactions.values()) : inOrder(transactions.values());
      return [...notes, { kind: "height", block, transactions: all }];
    },
    lack() {
      if (block === undefined) return `Transactions of height ${height} came, but never its block.`;
      return `Block ${height} says it holds ${block.transactionCount} transactions, but ${count()} came.`;
    },
  };
}

function inOrder(transactions: Iterable<Transaction>): Transaction[] {
  return [...transactions].sort((a, b) => a.index - b.index);
}

/** Legacy peers give no positions and no order: by hash, so that every fetch gives a transaction the same one. */
function placed(transactions: Iterable<Transaction>): Transaction[] {
  return [...transactions]
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map((transaction, index) => ({ ...transaction, index }));
}
