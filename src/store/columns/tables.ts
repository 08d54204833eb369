// The stored types as columns. A new field of a block or a transaction is one line here, beside its Prisma schema and migration.
// Imports only domain and its neighbours; never runs a statement.
import type { Amount } from "../../domain/amount.js";
import type { Block } from "../../domain/block.js";
import type { Height } from "../../domain/height.js";
import type { TransactionEvent } from "../../domain/transaction.js";
import type { StoredTransaction } from "../port.js";
import {
  bool,
  bytes,
  heightType,
  int2,
  int4,
  integer,
  json,
  optionalText,
  requiredText,
  texts,
  unixNanos,
} from "./column-types.js";
import { createTable } from "./table.js";

/** Blocks; the digest is written separately because it is not part of a block. */
export const blockTable = createTable<Omit<Block, "chain">>("block", {
  height: { name: "height", type: heightType },
  time: { name: "time_ns", type: unixNanos },
  transactionCount: { name: "transaction_count", type: int4 },
  hash: { name: "hash", type: requiredText },
  parentHash: { name: "parent_hash", type: optionalText },
  epoch: { name: "epoch", type: optionalText },
  proposer: { name: "proposer", type: optionalText },
});

/** Transactions with their participation. */
export const transactionTable = createTable<Omit<StoredTransaction, "chain">>(`"transaction"`, {
  height: { name: "height", type: heightType },
  index: { name: `"index"`, type: int4 },
  time: { name: "time_ns", type: unixNanos },
  hasErrors: { name: "has_errors", type: bool },
  hash: { name: "hash", type: requiredText },
  blockHash: { name: "block_hash", type: requiredText },
  epoch: { name: "epoch", type: optionalText },
  gasWanted: { name: "gas_wanted", type: integer },
  gasUsed: { name: "gas_used", type: integer },
  types: { name: "types", type: texts },
  parties: { name: "parties", type: texts },
  senders: { name: "senders", type: texts },
  recipients: { name: "recipients", type: texts },
  memo: { name: "memo", type: requiredText },
  fee: { name: "fee", type: json<readonly Amount[]>() },
  events: { name: "events", type: json<readonly TransactionEvent[]>(), costly: true, unselected: [] },
  raw: { name: "raw", type: bytes, costly: true },
  rawLog: { name: "raw_log", type: bytes, costly: true },
});

/** One account of one transaction: an account's newest page is one index range. */
export interface AccountTransactionRow {
  readonly height: Height;
  readonly index: number;
  /** The sum of `roles` bits. */
  readonly role: number;
  readonly account: string;
  readonly types: readonly string[];
}

/** Transactions by account. */
export const accountTransactionTable = createTable<AccountTransactionRow>("account_transaction", {
  height: { name: "height", type: heightType },
  index: { name: `"index"`, type: int4 },
  role: { name: "roles", type: int2 },
  account: { name: "account", type: requiredText },
  types: { name: "types", type: texts },
});

/** One type of one transaction: a type's newest page is one index range. */
export interface TypeTransactionRow {
  readonly height: Height;
  readonly index: number;
  readonly type: string;
}

/** Transactions by type. */
export const typeTransactionTable = createTable<TypeTransactionRow>("type_transaction", {
  height: { name: "height", type: heightType },
  index: { name: `"index"`, type: int4 },
  type: { name: "type", type: requiredText },
});

/** Bits of `account_transaction.roles`. */
export const roles = { party: 1, sender: 2, recipient: 4 } as const;
