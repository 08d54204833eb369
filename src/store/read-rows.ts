// Rows of blocks and transactions as the domain's values.
import type { Amount } from "../domain/amount.js";
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { TransactionEvent } from "../domain/transaction.js";
import type { StoredTransaction, TransactionColumns } from "./port.js";

export interface BlockRow {
  readonly height: bigint;
  readonly time_ns: bigint;
  readonly transaction_count: number;
  readonly hash: string;
  readonly parent_hash: string | null;
  readonly epoch: string | null;
  readonly proposer: string | null;
}

export interface TransactionRow {
  readonly chain_id: number;
  readonly height: bigint;
  readonly index: number;
  readonly time_ns: bigint;
  readonly has_errors: boolean;
  readonly hash: string;
  readonly block_hash: string;
  readonly epoch: string | null;
  readonly gas_wanted: string;
  readonly gas_used: string;
  readonly types: readonly string[];
  readonly parties: readonly string[];
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
  readonly memo: string;
  readonly fee: readonly Amount[];
  readonly events?: readonly TransactionEvent[];
  readonly raw?: Uint8Array | null;
  readonly raw_log?: Uint8Array | null;
}

/** The columns of a BlockRow. */
export const blockColumnList = "height, time_ns, transaction_count, hash, parent_hash, epoch, proposer";

const cheapColumns = [
  ...["chain_id", "height", `"index"`, "time_ns", "has_errors", "hash", "block_hash", "epoch"],
  ...["gas_wanted", "gas_used", "types", "parties", "senders", "recipients", "memo", "fee"],
];

/** The columns of a TransactionRow of `t`, those that cost only where asked. */
export function transactionColumnList({ events, raw, rawLog }: TransactionColumns): string {
  return [
    ...cheapColumns,
    ...(events ? ["events"] : []),
    ...(raw ? ["raw"] : []),
    ...(rawLog ? ["raw_log"] : []),
  ]
    .map((column) => `t.${column}`)
    .join(", ");
}

/** A name for a statement whose text varies with the columns alone. */
export function columnsName(name: string, { events, raw, rawLog }: TransactionColumns): string {
  return `${name}-${Number(events)}${Number(raw)}${Number(rawLog)}`;
}

/** The block of a row. */
export function blockOf(chain: ChainRef, row: BlockRow): Block {
  const { parent_hash: parentHash, epoch, proposer } = row;
  return {
    chain,
    height: Number(row.height),
    hash: row.hash,
    ...(parentHash !== null && { parentHash }),
    time: row.time_ns,
    ...(epoch !== null && { epoch }),
    ...(proposer !== null && { proposer }),
    transactionCount: row.transaction_count,
  };
}

/** The transaction of a row; columns that were not asked for are empty or absent. */
export function transactionOf(chain: ChainRef, row: TransactionRow): StoredTransaction {
  const { epoch, events = [], raw, raw_log: rawLog } = row;
  return {
    chain,
    hash: row.hash,
    blockHash: row.block_hash,
    height: Number(row.height),
    index: row.index,
    time: row.time_ns,
    ...(epoch !== null && { epoch }),
    fee: row.fee,
    gasWanted: BigInt(row.gas_wanted),
    gasUsed: BigInt(row.gas_used),
    memo: row.memo,
    hasErrors: row.has_errors,
    events,
    ...(isBytes(raw) && { raw }),
    ...(isBytes(rawLog) && { rawLog }),
    types: row.types,
    parties: row.parties,
    senders: row.senders,
    recipients: row.recipients,
  };
}

function isBytes(value: Uint8Array | null | undefined): value is Uint8Array {
  return value !== null && value !== undefined;
}

/** The ways in which a hash may have been stored: hexadecimal digits mean the same in any case. */
export function hashSpellings(hash: string): readonly string[] {
  const [, prefix = "", digits] = /^(0x)?([0-9a-f]+)$/i.exec(hash) ?? [];
  if (digits === undefined) return [hash];
  const lower = `${prefix.toLowerCase()}${digits.toLowerCase()}`;
  return [...new Set([hash, lower, `${prefix.toLowerCase()}${digits.toUpperCase()}`])];
}
