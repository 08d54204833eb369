// Assembles results that are delivered as a whole at the end: a transaction by its hash, and an account query.
// Imports only domain and this folder; never does I/O.
import type { Block } from "../../domain/block.js";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";
import { ProtocolViolation, ofChain, type Assembly } from "./assembly.js";

type TransactionRequest = Extract<TaskRequest, { kind: "transaction" }>;
type AccountRequest = Extract<TaskRequest, { account: string }>;

/** Creates the assembly of one transaction and its block. It delivers at the end only, so that a retry repeats nothing. */
export function createTransactionAssembly({ chain, hash }: TransactionRequest): Assembly {
  const blocks = new Map<number, Block>();
  const quarantined: TaskResult[] = [];
  let found: Transaction | undefined;
  let incompleteBytes = 0;

  return {
    take(item, bytes) {
      switch (item.kind) {
        case "block":
          blocks.set(item.block.height, ofChain(item.block, chain));
          break;
        case "transaction":
          if (!sameHash(item.transaction.hash, hash)) return "unexpected";
          if (found !== undefined) return "doubled";
          found = ofChain(item.transaction, chain);
          break;
        case "quarantine":
          quarantined.push(item);
          break;
        case "reward":
        case "balance":
        case "delegations":
          return "unexpected";
      }
      incompleteBytes += bytes;
      return undefined;
    },
    takeComplete: () => [],
    cursor: undefined,
    get incompleteBytes() {
      return incompleteBytes;
    },
    finish() {
      if (found === undefined && quarantined.length > 0) return quarantined;
      if (found === undefined) {
        throw new ProtocolViolation(`The worker ended, but transaction ${hash} never arrived.`);
      }
      const block = blocks.get(found.height);
      if (block === undefined) {
        throw new ProtocolViolation(`Transaction ${hash} arrived without its block ${found.height}.`);
      }
      return [...quarantined, { kind: "transaction", block, transaction: found }];
    },
  };
}

/** Creates the assembly of an account query. It delivers at the end only, so that a retry repeats nothing. */
export function createAccountAssembly(request: AccountRequest): Assembly {
  let result: TaskResult | undefined;
  let incompleteBytes = 0;
  return {
    take(item, bytes) {
      if (item.kind !== request.kind) return "unexpected";
      if (result !== undefined) return "doubled";
      if (item.height !== request.height) {
        throw new ProtocolViolation(
          `The worker sent height ${item.height}; height ${request.height} was requested.`,
        );
      }
      result = item;
      incompleteBytes += bytes;
      return undefined;
    },
    takeComplete: () => [],
    cursor: undefined,
    get incompleteBytes() {
      return incompleteBytes;
    },
    finish() {
      if (result === undefined) throw new ProtocolViolation("The worker ended without a result.");
      return [result];
    },
  };
}

/** Compares two hashes without regard to case and to a leading 0x. */
function sameHash(a: string, b: string): boolean {
  const plain = (hash: string): string => hash.toLowerCase().replace(/^0x/, "");
  return plain(a) === plain(b);
}
