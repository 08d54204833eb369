// Blocks and transactions as typed proto messages, both ways.
// Imports only domain and generated code; never knows streams.
import type { Amount } from "../../domain/amount.js";
import type { Block } from "../../domain/block.js";
import type { ChainRef } from "../../domain/chain.js";
import type { Quarantined } from "../../domain/task.js";
import type {
  AccountRef,
  SubEvent,
  Transaction,
  TransactionEvent,
  Transfer,
} from "../../domain/transaction.js";
import type * as wire from "../../generated/proto/indexer.js";
import { readHeight, maxDigits, WireFault, readWholeNumber } from "./numbers.js";

const nothing = Buffer.alloc(0);

/** Converts a block to its proto message. */
export function writeBlock(block: Block): wire.Block {
  return {
    hash: block.hash,
    parentHash: block.parentHash ?? "",
    height: BigInt(block.height),
    timeNs: block.time,
    epoch: block.epoch ?? "",
    proposer: block.proposer ?? "",
    chainId: block.chain.chainId,
    transactionCount: block.transactionCount,
  };
}

/** Converts a proto message to a block. */
export function readBlock(block: wire.Block, chainById: ChainById): Block {
  return {
    chain: chainById(block.chainId),
    height: readHeight(block.height),
    hash: block.hash,
    time: block.timeNs,
    transactionCount: block.transactionCount,
    ...(block.parentHash !== "" && { parentHash: block.parentHash }),
    ...(block.epoch !== "" && { epoch: block.epoch }),
    ...(block.proposer !== "" && { proposer: block.proposer }),
  };
}

/** Returns the chain of a chain id: the wire names no network. */
export type ChainById = (chainId: string) => ChainRef;

/** Converts a transaction to its proto message. */
export function writeTransaction(transaction: Transaction): wire.Transaction {
  const { raw, rawLog } = transaction;
  return {
    hash: transaction.hash,
    blockHash: transaction.blockHash,
    height: BigInt(transaction.height),
    index: transaction.index,
    timeNs: transaction.time,
    epoch: transaction.epoch ?? "",
    chainId: transaction.chain.chainId,
    fee: transaction.fee.map(writeAmount),
    gasWanted: transaction.gasWanted.toString(),
    gasUsed: transaction.gasUsed.toString(),
    memo: transaction.memo,
    hasErrors: transaction.hasErrors,
    events: transaction.events.map(({ id, kind, sub }) => ({ id, kind, sub: sub.map(writeSubEvent) })),
    raw: raw === undefined ? nothing : asBuffer(raw),
    rawLog: rawLog === undefined ? nothing : asBuffer(rawLog),
  };
}

/** Converts a proto message to a transaction. Throws a WireFault. */
export function readTransaction(transaction: wire.Transaction, chainById: ChainById): Transaction {
  const { epoch, raw, rawLog } = transaction;
  return {
    chain: chainById(transaction.chainId),
    hash: transaction.hash,
    blockHash: transaction.blockHash,
    height: readHeight(transaction.height),
    index: transaction.index,
    time: transaction.timeNs,
    fee: transaction.fee.map(readAmount),
    gasWanted: readWholeNumber(transaction.gasWanted),
    gasUsed: readWholeNumber(transaction.gasUsed),
    memo: transaction.memo,
    hasErrors: transaction.hasErrors,
    events: transaction.events.map(readEvent),
    ...(epoch !== "" && { epoch }),
    ...(raw.length > 0 && { raw }),
    ...(rawLog.length > 0 && { rawLog }),
  };
}

/** Converts a quarantined height or transaction to its proto message. */
export function writeQuarantine({ height, index, error, raw }: Quarantined): wire.Quarantine {
  return {
    height: BigInt(height),
    index: index ?? -1,
    error,
    raw: raw === undefined ? nothing : asBuffer(raw),
  };
}

/** Converts a proto message to a quarantined height or transaction. Throws a WireFault. */
export function readQuarantine({ height, index, error, raw }: wire.Quarantine): Quarantined {
  return {
    height: readHeight(height),
    error,
    ...(index >= 0 && { index }),
    ...(raw.length > 0 && { raw }),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeAmount(amount: Amount): wire.Amount {
  return { text: amount.text, currency: amount.currency, numeric: amount.numeric, exp: amount.exp };
}

function readAmount({ text, currency, numeric, exp }: wire.Amount): Amount {
  const fits = exp >= 0 && exp <= maxDigits && numeric.length <= maxDigits;
  if (!fits || !/^(-?\d+|)$/.test(numeric)) throw new WireFault(`'${text.slice(0, 40)}' is not an amount.`);
  return { text, currency, numeric: numeric === "" ? "0" : numeric, exp };
}

function writeAccount(account: AccountRef): wire.Account {
  return {
    id: account.id,
    name: account.name ?? "",
    description: account.description ?? "",
    contact: account.contact ?? "",
    website: account.website ?? "",
  };
}

function readAccount({ id, name, description, contact, website }: wire.Account): AccountRef {
  return {
    id,
    ...(name !== "" && { name }),
    ...(description !== "" && { description }),
    ...(contact !== "" && { contact }),
    ...(website !== "" && { website }),
  };
}

function writeTransfer({ account, amounts }: Transfer): wire.Transfer {
  return { account: writeAccount(account), amounts: amounts.map(writeAmount) };
}

function readTransfer({ account, amounts }: wire.Transfer): Transfer {
  return {
    account: account === undefined ? { id: "" } : readAccount(account),
    amounts: amounts.map(readAmount),
  };
}

function entries<T>(record: Readonly<Record<string, T>> | undefined): [string, T][] {
  return record === undefined ? [] : Object.entries(record);
}

function writeSubEvent(sub: SubEvent): wire.SubEvent {
  return {
    type: [...sub.type],
    action: sub.action ?? "",
    module: sub.module ?? "",
    sender: (sub.sender ?? []).map(writeTransfer),
    recipient: (sub.recipient ?? []).map(writeTransfer),
    node: entries(sub.node).map(([role, accounts]) => ({ role, accounts: accounts.map(writeAccount) })),
    nonce: sub.nonce ?? "",
    completion: sub.completion ?? "",
    amount: entries(sub.amount).map(([name, amount]) => ({ name, amount: writeAmount(amount) })),
    transfers: entries(sub.transfers).map(([name, each]) => ({ name, transfers: each.map(writeTransfer) })),
    error: sub.error ?? "",
    additional: entries(sub.additional).map(([name, values]) => ({ name, values: [...values] })),
    sub: (sub.sub ?? []).map(writeSubEvent),
  };
}

function readEvent({ id, kind, sub }: wire.Event): TransactionEvent {
  return { id, kind, sub: sub.map(readSubEvent) };
}

function readSubEvent(sub: wire.SubEvent): SubEvent {
  return {
    type: sub.type,
    ...(sub.action !== "" && { action: sub.action }),
    ...(sub.module !== "" && { module: sub.module }),
    ...(sub.sender.length > 0 && { sender: sub.sender.map(readTransfer) }),
    ...(sub.recipient.length > 0 && { recipient: sub.recipient.map(readTransfer) }),
    ...(sub.node.length > 0 && {
      node: Object.fromEntries(sub.node.map(({ role, accounts }) => [role, accounts.map(readAccount)])),
    }),
    ...(sub.nonce !== "" && { nonce: sub.nonce }),
    ...(sub.completion !== "" && { completion: sub.completion }),
    ...(sub.amount.length > 0 && { amount: readAmounts(sub.amount) }),
    ...(sub.transfers.length > 0 && {
      transfers: Object.fromEntries(
        sub.transfers.map(({ name, transfers }) => [name, transfers.map(readTransfer)]),
      ),
    }),
    ...(sub.error !== "" && { error: sub.error }),
    ...(sub.additional.length > 0 && {
      additional: Object.fromEntries(sub.additional.map(({ name, values }) => [name, values])),
    }),
    ...(sub.sub.length > 0 && { sub: sub.sub.map(readSubEvent) }),
  };
}

function readAmounts(named: readonly wire.NamedAmount[]): Record<string, Amount> {
  return Object.fromEntries(
    named.flatMap(({ name, amount }) => (amount === undefined ? [] : [[name, readAmount(amount)] as const])),
  );
}
