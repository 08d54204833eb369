// Answers that come whole or not at all: a transaction by its hash, and what is asked about an account.
// Imports only domain and this folder; never does I/O.
import type { Block } from "../../domain/block.js";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";
import { ProtocolViolation, ofChain, type Assembly } from "./assembly.js";

type TransactionRequest = Extract<TaskRequest, { kind: "transaction" }>;
type AccountRequest = Extract<TaskRequest, { account: string }>;

/** Creates the assembly of one transaction and its block; given only at the end, so that a second asking doubles nothing. */
export function createTransactionAssembly({ chain, hash }: TransactionRequest): Assembly {
  const blocks = new Map<number, Block>();
  const notes: TaskResult[] = [];
  let found: Transaction | undefined;
  let heldBytes = 0;

  return {
    take(piece, bytes) {
      switch (piece.kind) {
        case "block":
          blocks.set(piece.block.height, ofChain(piece.block, chain));
          break;
        case "transaction":
          if (!sameHash(piece.transaction.hash, hash)) return "unexpected";
          if (found !== undefined) return "doubled";
          found = ofChain(piece.transaction, chain);
          break;
        case "quarantine":
          notes.push(piece);
          break;
        case "partial":
          return undefined;
        case "reward":
        case "balance":
        case "delegations":
          return "unexpected";
      }
      heldBytes += bytes;
      return undefined;
    },
    takeComplete: () => [],
    cursor: undefined,
    get incompleteBytes() {
      return heldBytes;
    },
    finish() {
      if (found === undefined && notes.length > 0) return notes;
      if (found === undefined)
        throw new ProtocolViolation(`The worker said it was done, but transaction ${hash} never came.`);
      const block = blocks.get(found.height);
      if (block === undefined)
        throw new ProtocolViolation(`Transaction ${hash} came without its block ${found.height}.`);
      return [...notes, { kind: "transaction", block, transaction: found }];
    },
  };
}

/** Creates the assembly of an answer about an account; given only at the end. */
export function createAccountAssembly(request: AccountRequest): Assembly {
  let answer: TaskResult | undefined;
  let heldBytes = 0;
  return {
    take(piece, bytes) {
      if (piece.kind === "partial") return undefined;
      if (piece.kind !== request.kind) return "unexpected";
      if (answer !== undefined) return "doubled";
      if (piece.height !== request.height) {
        throw new ProtocolViolation(`The worker answered for height ${piece.height}; ${request.height} was asked.`);
      }
      answer = piece;
      heldBytes += bytes;
      return undefined;
    },
    takeComplete: () => [],
    cursor: undefined,
    get incompleteBytes() {
      return heldBytes;
    },
    finish() {
      if (answer === undefined) throw new ProtocolViolation("The worker said it was done, but sent no answer.");
      return [answer];
    },
  };
}

/** Hashes are written in both cases, with and without 0x. */
function sameHash(a: string, b: string): boolean {
  const plain = (hash: string): string => hash.toLowerCase().replace(/^0x/, "");
  return plain(a) === plain(b);
}
