// Decodes one transaction of a block from its bytes and its result.
// Imports only cosmjs-types, domain and its neighbours; never fails: undecodable bytes are kept and reported.
import { hash } from "node:crypto";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import type { ChainRef } from "../../../domain/chain.js";
import type { Transaction, TransactionEvent } from "../../../domain/transaction.js";
import { errorMessage } from "../../../lib/error-message.js";
import { decodeBytes } from "./bytes-reader.js";
import { amountFromCoin } from "./coins.js";
import { buildEvent, type EventParts } from "./event-builder.js";
import { decodeMessage } from "./messages.js";
import { eventsByMessage } from "./node-events.js";
import type { RawCosmosBlock, RawCosmosResult } from "./raw-height.js";
import { addSigning, findSigners } from "./signing.js";
import { hasOnlyByteFields } from "./wire.js";

/** The bytes and the result of a transaction, and its position in a block. */
export interface RawCosmosTransaction {
  readonly chain: ChainRef;
  readonly block: RawCosmosBlock;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly result: RawCosmosResult;
}

/** A decoded transaction; `fault` names what is undecodable and kept as bytes. */
export interface DecodedTransaction {
  readonly transaction: Transaction;
  readonly fault?: string;
}

/** The hash of a transaction: SHA-256 of its bytes, in upper case hexadecimal, as every Cosmos node writes it. */
export function transactionHash(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex").toUpperCase();
}

/** Decodes one transaction. Never throws. */
export function decodeCosmosTransaction(raw: RawCosmosTransaction): DecodedTransaction {
  try {
    return decodeOrThrow(raw);
  } catch (error) {
    const fault = errorMessage(error);
    return { transaction: undecodableTransaction(raw, fault), fault };
  }
}

const utf8 = new TextEncoder();

/** Field numbers of TxRaw: body, auth info, signatures. The SDK rejects any other. */
const rawFields = new Set([1, 2, 3]);

function decodeOrThrow(raw: RawCosmosTransaction): DecodedTransaction {
  const { bytes, result } = raw;
  if (!hasOnlyByteFields(bytes, rawFields))
    throw new Error("The bytes are not a Cosmos SDK transaction (TxRaw).");
  const { bodyBytes, authInfoBytes } = decodeBytes(TxRaw, bytes);
  const body = decodeBytes(TxBody, bodyBytes);
  const authInfo = decodeBytes(AuthInfo, authInfoBytes);
  if (body.messages.length === 0) throw new Error("The transaction contains no message.");
  const fee = (authInfo.fee?.amount ?? []).map(amountFromCoin);

  const failed = result.code !== 0 || result.unknownReason !== undefined;
  const types = body.messages.map(({ typeUrl }) => typeUrl);
  const own = failed ? [] : eventsByMessage(result, types);
  const feeDenom = fee[0]?.currency;
  const messages = body.messages.map((packed, index) =>
    decodeMessage(packed, { events: own[index] ?? [], feeDenom }),
  );
  const [first] = messages;
  if (first !== undefined) {
    addEnvelope(first.parts, body);
    addSigning(first.parts, authInfo, findSigners(authInfo, messages, result));
  }
  const events = messages.map(({ kind, parts: parts }, index): TransactionEvent => {
    if (failed) addError(parts, result);
    return { id: String(index), kind, sub: [buildEvent(parts)] };
  });
  const faults = messages.flatMap(({ fault }) => fault ?? []);
  if (result.unknownReason !== undefined) faults.unshift(result.unknownReason);
  const hasErrors = failed || faults.length > 0;
  const transaction = assemble(raw, { fee, memo: body.memo, hasErrors, events });
  return faults.length === 0 ? { transaction } : { transaction, fault: faults.join("; ") };
}

/** Combines the decoded parts with the block's and the result's fields. */
function assemble(
  { chain, block, index, bytes, result }: RawCosmosTransaction,
  { fee, memo, hasErrors, events }: Pick<Transaction, "fee" | "memo" | "hasErrors" | "events">,
): Transaction {
  const transaction: Transaction = {
    chain,
    hash: transactionHash(bytes),
    blockHash: block.hash,
    height: block.height,
    index,
    time: block.time,
    gasWanted: result.gasWanted,
    gasUsed: result.gasUsed,
    fee,
    memo,
    hasErrors,
    events,
    raw: bytes,
  };
  return result.log === "" ? transaction : { ...transaction, rawLog: utf8.encode(result.log) };
}

/** The kind of the single event of an undecodable transaction. */
const undecodableKind = "undecodable";

function undecodableTransaction(raw: RawCosmosTransaction, fault: string): Transaction {
  const parts: EventParts = {
    type: [],
    module: "",
    node: new Map(),
    additional: new Map([["decode_error", [fault]]]),
  };
  addError(parts, raw.result);
  parts.error ??= fault;
  const events = [{ id: "0", kind: undecodableKind, sub: [buildEvent(parts)] }];
  return assemble(raw, { fee: [], memo: "", hasErrors: true, events });
}

/** Adds the body's optional fields beside messages and memo. */
function addEnvelope({ additional }: EventParts, body: TxBody): void {
  if (body.timeoutHeight !== 0n) additional.set("timeout_height", [body.timeoutHeight.toString()]);
  const options = body.extensionOptions.concat(body.nonCriticalExtensionOptions);
  if (options.length > 0)
    additional.set(
      "extension_options",
      options.map(({ typeUrl }) => typeUrl),
    );
}

/** Adds a failed transaction's error to an event. A failure reverts all messages, so that every event has it. */
function addError(
  parts: EventParts,
  { unknownReason: unknown, code, codespace, log }: RawCosmosResult,
): void {
  if (unknown !== undefined) parts.error = unknown;
  if (code === 0) return;
  parts.error = log === "" ? `code ${code}` : log;
  parts.additional.set("code", [String(code)]);
  if (codespace !== "") parts.additional.set("codespace", [codespace]);
}
