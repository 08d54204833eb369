// Blocks and transactions in JSON, both ways.
// Imports only domain and this folder; never loses a digit.
import type { Amount } from "../../domain/amount.js";
import type { Block } from "../../domain/block.js";
import { formatTime, parseTime, type UnixNanos } from "../../domain/time.js";
import type { AccountRef, SubEvent, Transaction, Transfer } from "../../domain/transaction.js";
import {
  blockShape,
  checkShape,
  readJson,
  subEventShape,
  transactionShape,
  writeJson,
  type AccountJson,
  type AmountJson,
  type SubEventJson,
  type TransferJson,
} from "./json-shapes.js";
import { countOf, readHeight, maxDigits, WireFault } from "./numbers.js";
import type { ChainById } from "./typed-values.js";

/** Reads a `Block`. Throws a WireFault. */
export function readJsonBlock(payload: Uint8Array, chainById: ChainById): Block {
  const json = readJson(payload, blockShape);
  return {
    chain: chainById(json.chain_id),
    height: readHeight(json.height),
    hash: json.hash,
    time: readTime(json.time),
    transactionCount: countOf(json.num_txs),
    ...(json.parent_hash !== "" && { parentHash: json.parent_hash }),
    ...(json.epoch !== "" && { epoch: json.epoch }),
    ...(json.proposer !== "" && { proposer: json.proposer }),
  };
}

/** Writes a `Block`. */
export function writeJsonBlock(block: Block): Buffer {
  return writeJson({
    hash: block.hash,
    parent_hash: block.parentHash,
    height: BigInt(block.height),
    time: formatTime(block.time),
    epoch: filled(block.epoch),
    proposer: filled(block.proposer),
    chain_id: block.chain.chainId,
    num_txs: block.transactionCount === 0 ? undefined : block.transactionCount,
  });
}

/** Reads a `Transaction`. Workers of protocol version 0 send no index: then `hasIndex` is false. Throws a WireFault. */
export function readJsonTransaction(
  payload: Uint8Array,
  chainById: ChainById,
): { readonly transaction: Transaction; readonly hasIndex: boolean } {
  const json = readJson(payload, transactionShape);
  const [raw, rawLog] = [readBytes(json.raw), readBytes(json.raw_log)];
  const transaction: Transaction = {
    chain: chainById(json.chain_id),
    hash: json.hash,
    blockHash: json.block_hash,
    height: readHeight(json.height),
    index: json.index === undefined ? 0 : countOf(json.index),
    time: readTime(json.time),
    fee: json.transaction_fee.map(readJsonAmount),
    gasWanted: json.gas_wanted,
    gasUsed: json.gas_used,
    memo: json.memo,
    hasErrors: json.has_errors,
    events: json.events.map(({ id, kind, sub }) => ({ id, kind, sub: sub.map(readSub) })),
    ...(json.epoch !== "" && { epoch: json.epoch }),
    ...(raw !== undefined && { raw }),
    ...(rawLog !== undefined && { rawLog }),
  };
  return { transaction, hasIndex: json.index !== undefined };
}

/** Writes a `Transaction`. */
export function writeJsonTransaction(transaction: Transaction): Buffer {
  const { raw, rawLog } = transaction;
  return writeJson({
    hash: transaction.hash,
    block_hash: transaction.blockHash,
    height: BigInt(transaction.height),
    // Managers of protocol version 0 ignore it.
    index: transaction.index,
    epoch: filled(transaction.epoch),
    chain_id: transaction.chain.chainId,
    time: formatTime(transaction.time),
    transaction_fee: filledList(transaction.fee.map(writeJsonAmount)),
    gas_wanted: transaction.gasWanted,
    gas_used: transaction.gasUsed,
    memo: filled(transaction.memo),
    version: "0.0.1",
    events: filledList(
      transaction.events.map(({ id, kind, sub }) => ({ id, kind, sub: filledList(sub.map(writeSub)) })),
    ),
    raw: raw === undefined ? undefined : Buffer.from(raw).toString("base64"),
    raw_log: rawLog === undefined ? undefined : Buffer.from(rawLog).toString("base64"),
    has_errors: transaction.hasErrors,
  });
}

/** An amount from JSON; a number with a point or an exponent keeps its value. */
export function readJsonAmount({ text, currency, numeric, exp }: AmountJson): Amount {
  const match = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(numeric);
  if (match === null) throw new WireFault(`'${numeric.slice(0, 40)}' is not an amount.`);
  const [, sign = "", digits = "0", fraction = "", power = "0"] = match;
  const shift = countOf(exp) + fraction.length - Number(power);
  if (Math.abs(shift) > maxDigits * 3) throw new WireFault(`'${numeric.slice(0, 40)}' is not an amount.`);
  const all = `${digits}${fraction}${"0".repeat(Math.max(0, -shift))}`;
  const whole = BigInt(all);
  return { text, currency, numeric: `${whole === 0n ? "" : sign}${whole}`, exp: Math.max(0, shift) };
}

/** An amount for JSON: `numeric` is an unquoted whole number. */
export function writeJsonAmount(amount: Amount): Readonly<Record<string, unknown>> {
  return {
    text: filled(amount.text),
    currency: filled(amount.currency),
    numeric: BigInt(amount.numeric),
    exp: amount.exp === 0 ? undefined : amount.exp,
  };
}

function readTime(text: string): UnixNanos {
  // Go writes its zero time for a time that it does not have.
  return text === "" || text.startsWith("0001-01-01T00:00:00") ? 0n : parseTime(text);
}

function readBytes(base64: string): Uint8Array | undefined {
  return base64 === "" ? undefined : Buffer.from(base64, "base64");
}

function readAccount({ id, detail }: AccountJson): AccountRef {
  return {
    id,
    ...(detail?.name !== undefined && detail.name !== "" && { name: detail.name }),
    ...(detail?.description !== undefined &&
      detail.description !== "" && { description: detail.description }),
    ...(detail?.contact !== undefined && detail.contact !== "" && { contact: detail.contact }),
    ...(detail?.website !== undefined && detail.website !== "" && { website: detail.website }),
  };
}

function writeAccount({ id, ...detail }: AccountRef): unknown {
  return { id, detail: Object.keys(detail).length === 0 ? undefined : detail };
}

function readTransfer({ account, amounts }: TransferJson): Transfer {
  return {
    account: account === null || account === undefined ? { id: "" } : readAccount(account),
    amounts: amounts.map(readJsonAmount),
  };
}

function writeTransfer({ account, amounts }: Transfer): unknown {
  return { account: writeAccount(account), amounts: filledList(amounts.map(writeJsonAmount)) };
}

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isFilled(record: object): boolean {
  return Object.keys(record).length > 0;
}

function readSub(value: unknown): SubEvent {
  const sub: SubEventJson = checkShape(value, subEventShape);
  const message = sub.error?.message ?? "";
  return {
    type: sub.type,
    ...(sub.action !== "" && { action: sub.action }),
    ...(sub.module !== "" && { module: sub.module }),
    ...(sub.sender.length > 0 && { sender: sub.sender.map(readTransfer) }),
    ...(sub.recipient.length > 0 && { recipient: sub.recipient.map(readTransfer) }),
    ...(isFilled(sub.node) && { node: mapped(sub.node, (accounts) => accounts.map(readAccount)) }),
    ...(sub.nonce !== "" && { nonce: sub.nonce }),
    ...(sub.completion !== "" && { completion: sub.completion }),
    ...(isFilled(sub.amount) && { amount: mapped(sub.amount, readJsonAmount) }),
    ...(isFilled(sub.transfers) && { transfers: mapped(sub.transfers, (each) => each.map(readTransfer)) }),
    ...(message !== "" && { error: message }),
    ...(isFilled(sub.additional) && { additional: sub.additional }),
    ...(sub.sub.length > 0 && { sub: sub.sub.map(readSub) }),
  };
}

function writeSub(sub: SubEvent): unknown {
  return {
    type: filledList(sub.type),
    action: filled(sub.action),
    module: filled(sub.module),
    sender: filledList((sub.sender ?? []).map(writeTransfer)),
    recipient: filledList((sub.recipient ?? []).map(writeTransfer)),
    node: sub.node === undefined ? undefined : mapped(sub.node, (accounts) => accounts.map(writeAccount)),
    nonce: filled(sub.nonce),
    completion: filled(sub.completion),
    amount: sub.amount === undefined ? undefined : mapped(sub.amount, writeJsonAmount),
    transfers:
      sub.transfers === undefined ? undefined : mapped(sub.transfers, (each) => each.map(writeTransfer)),
    error: sub.error === undefined ? undefined : { message: sub.error },
    additional: sub.additional,
    sub: filledList((sub.sub ?? []).map(writeSub)),
  };
}

function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function filledList<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
