// Turns a batch into COPY lines for each table, with a digest that shows whether a height changed.
// Imports only domain and its neighbours in the store; never runs a statement.
import { createHash } from "node:crypto";
import type { Block } from "../domain/block.js";
import { participation, type BlockData, type Transaction } from "../domain/transaction.js";
import { cleanText, type Tally } from "./clean-text.js";
import {
  accountTransactionTable,
  blockTable,
  roles,
  transactionTable,
  typeTransactionTable,
} from "./columns/tables.js";

/**
 * The longest text in characters that the indexes hold: PostgreSQL refuses more than 2,704 bytes. Real chains contain longer
 * "accounts", such as transfer receivers that encode a whole route: they are stored with their transaction and cannot be searched.
 */
export const longestKey = 500;

/** COPY lines for the tables that belong to a block. */
export interface TransactionLines {
  readonly transactions: string;
  readonly accounts: string;
  readonly types: string;
}

/** Makes the lines of transactions of one chain. */
export function transactionLines(
  chainId: number,
  list: readonly Transaction[],
  tally: Tally,
): TransactionLines {
  let transactions = "";
  let accounts = "";
  let kinds = "";
  for (const transaction of list) {
    const { height, index } = transaction;
    const participants = cleanParticipation(transaction);
    const { types } = participants;
    transactions += `${chainId}\t${transactionTable.copyColumns(transaction, tally, participants)}`;
    for (const [account, role] of rolesOf(participants)) {
      if (account.length <= longestKey)
        accounts += `${chainId}\t${accountTransactionTable.copyColumns({ height, index, role, account, types })}`;
    }
    for (const type of types) {
      if (type.length <= longestKey)
        kinds += `${chainId}\t${typeTransactionTable.copyColumns({ height, index, type })}`;
    }
  }
  return { transactions, accounts, types: kinds };
}

function rolesOf(of: Record<"parties" | "senders" | "recipients", readonly string[]>): Map<string, number> {
  const bits = new Map<string, number>();
  const add = (accounts: readonly string[], role: number): void => {
    for (const account of accounts) bits.set(account, (bits.get(account) ?? 0) | role);
  };
  add(of.parties, roles.party);
  add(of.senders, roles.sender);
  add(of.recipients, roles.recipient);
  return bits;
}

/** Removed characters are not counted here: the events that they come from count them. */
function cleanParticipation({ events }: Transaction): ReturnType<typeof participation> {
  const { types, parties, senders, recipients } = participation(events);
  const clean = (texts: readonly string[]): string[] => [...new Set(texts.map((text) => cleanText(text)))];
  return {
    types: clean(types),
    parties: clean(parties),
    senders: clean(senders),
    recipients: clean(recipients),
  };
}

/** A whole height, ready to be written. */
export interface PreparedHeight {
  readonly block: Block;
  readonly lines: TransactionLines;
  /** SHA-256 in hex over the block and its transactions: equal if nothing changed. */
  readonly digest: string;
  readonly transactions: number;
}

/** Makes the rows of a whole height. */
export function prepareHeight(
  chainId: number,
  { block, transactions }: BlockData,
  tally: Tally,
): PreparedHeight {
  const lines = transactionLines(chainId, transactions, tally);
  const head = blockTable.copyColumns(block, tally);
  const digest = createHash("sha256").update(head).update(lines.transactions).digest("hex");
  return { block, lines, digest, transactions: transactions.length };
}
