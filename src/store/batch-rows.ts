// A batch as rows: what goes into which table, as COPY takes it, with a digest that tells whether a height changed.
import { createHash } from "node:crypto";
import type { Block } from "../domain/block.js";
import { participation, type BlockData, type Transaction } from "../domain/transaction.js";
import { cleanJson, cleanText, type Tally } from "./clean-text.js";
import { copyLine } from "./copy-text.js";

export type { Tally };

/** Bits of `account_transaction.roles`. */
export const roles = { party: 1, sender: 2, recipient: 4 } as const;

/** Where lines of each kind go. */
export const copyTargets = {
  transactions: `"transaction" (chain_id, height, "index", time_ns, has_errors, hash, block_hash, epoch, gas_wanted, gas_used, types, parties, senders, recipients, memo, fee, events, raw, raw_log)`,
  accounts: `account_transaction (chain_id, height, "index", roles, account, types)`,
  types: `type_transaction (chain_id, height, "index", type)`,
} as const;

/**
 * Characters of a text that an index takes: PostgreSQL refuses more than 2,704 bytes. Longer "accounts" are in the wild, as receivers of
 * transfers that hold whole routes: they are stored with their transaction, and not searched by.
 */
export const longestKey = 500;

/** Lines for the tables that hang on a block. */
export interface TransactionLines {
  readonly transactions: string;
  readonly accounts: string;
  readonly types: string;
}

/** The lines of some transactions of one chain. */
export function transactionLines(
  chainId: number,
  list: readonly Transaction[],
  tally: Tally,
): TransactionLines {
  const clean = (text: string): string => cleanText(text, tally);
  const transactions: string[] = [];
  const accounts: string[] = [];
  const kinds: string[] = [];
  for (const transaction of list) {
    const { height, index } = transaction;
    const { types, parties, senders, recipients } = cleanParticipation(transaction);
    transactions.push(
      copyLine([
        chainId,
        height,
        index,
        transaction.time,
        transaction.hasErrors,
        clean(transaction.hash),
        clean(transaction.blockHash),
        optional(transaction.epoch, tally),
        transaction.gasWanted,
        transaction.gasUsed,
        types,
        parties,
        senders,
        recipients,
        clean(transaction.memo),
        cleanJson(transaction.fee, tally),
        cleanJson(transaction.events, tally),
        transaction.raw,
        transaction.rawLog,
      ]),
    );
    for (const [account, role] of rolesOf({ parties, senders, recipients })) {
      if (account.length <= longestKey)
        accounts.push(copyLine([chainId, height, index, role, account, types]));
    }
    for (const type of types) {
      if (type.length <= longestKey) kinds.push(copyLine([chainId, height, index, type]));
    }
  }
  return { transactions: transactions.join(""), accounts: accounts.join(""), types: kinds.join("") };
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

/** A block's columns, besides its chain and its digest. */
export function blockColumns(block: Block, tally?: Tally) {
  return {
    height: block.height,
    timeNs: block.time,
    transactionCount: block.transactionCount,
    hash: cleanText(block.hash, tally),
    parentHash: optional(block.parentHash, tally),
    epoch: optional(block.epoch, tally),
    proposer: optional(block.proposer, tally),
  };
}

/** A whole height, ready to be written. */
export interface PreparedHeight {
  readonly block: Block;
  readonly lines: TransactionLines;
  /** Of the block and all of its rows: equal where nothing changed. */
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
  const head = copyLine(Object.values(blockColumns(block, tally)));
  const digest = createHash("sha256").update(head).update(lines.transactions).digest("hex");
  return { block, lines, digest, transactions: transactions.length };
}

function optional(text: string | undefined, tally?: Tally): string | null {
  return text === undefined || text === "" ? null : cleanText(text, tally);
}
