// One transaction of a block, from its bytes and its result, in the common format.
// Imports only cosmjs-types, domain and its neighbours; never fails: bytes that are no transaction are kept and reported.
import { hash } from "node:crypto";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { AuthInfo, TxBody, TxRaw, type SignerInfo, type Tip } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import type { ChainRef } from "../../../domain/chain.js";
import type { Transaction, TransactionEvent } from "../../../domain/transaction.js";
import { accountOfKey, accountPrefix, canonicalAccount } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { coinAmount } from "./coins.js";
import { finish, type Draft } from "./draft.js";
import { readMessage, type ReadMessage } from "./messages.js";
import { attributesOf, eventsByMessage } from "./node-events.js";
import type { RawBlock, RawResult } from "./raw-height.js";
import { hasOnlyByteFields } from "./wire.js";

/** A transaction and where it stands. */
export interface RawTransaction {
  readonly chain: ChainRef;
  readonly block: RawBlock;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly result: RawResult;
}

/** A decoded transaction; with a fault where it, or a message in it, could not be read and is kept as bytes. */
export interface DecodedTransaction {
  readonly transaction: Transaction;
  readonly fault?: string;
}

/** The hash of a transaction: SHA-256 of its bytes, in upper case hexadecimal, as every Cosmos node writes it. */
export function transactionHash(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex").toUpperCase();
}

/** Decodes one transaction. */
export function decodeTransaction(raw: RawTransaction): DecodedTransaction {
  try {
    return decodeWell(raw);
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { transaction: broken(raw, fault), fault };
  }
}

const utf8 = new TextEncoder();

/** Fields of a TxRaw: body, auth info, signatures. The SDK refuses any other. */
const rawFields = new Set([1, 2, 3]);

function decodeWell(raw: RawTransaction): DecodedTransaction {
  const { bytes, result } = raw;
  if (!hasOnlyByteFields(bytes, rawFields))
    throw new Error("The bytes are no transaction of the Cosmos SDK.");
  const { bodyBytes, authInfoBytes } = decodeBytes(TxRaw, bytes);
  const body = decodeBytes(TxBody, bodyBytes);
  const authInfo = decodeBytes(AuthInfo, authInfoBytes);
  if (body.messages.length === 0) throw new Error("The transaction holds no message.");
  const fee = (authInfo.fee?.amount ?? []).map(coinAmount);

  const failed = result.code !== 0 || result.unknown !== undefined;
  const own = failed
    ? []
    : eventsByMessage(
        result,
        body.messages.map(({ typeUrl }) => typeUrl),
      );
  const feeDenom = fee[0]?.currency;
  const messages = body.messages.map((packed, index) =>
    readMessage(packed, { events: own[index] ?? [], ...(feeDenom !== undefined && { feeDenom }) }),
  );
  const about = {
    ...signing(authInfo, messages, result),
    ...feePaying(authInfo),
    envelope: envelopeFacts(body),
  };
  const events = messages.map(({ kind, draft }, index): TransactionEvent => {
    if (index === 0) addSigning(draft, about);
    if (failed) addError(draft, result);
    return { id: String(index), kind, sub: [finish(draft)] };
  });
  const unknown = result.unknown === undefined ? [] : [result.unknown];
  const faults = [...unknown, ...messages.flatMap(({ fault }) => (fault === undefined ? [] : [fault]))];
  const hasErrors = failed || faults.length > 0;
  const transaction = assemble(raw, { fee, memo: body.memo, hasErrors, events });
  return faults.length === 0 ? { transaction } : { transaction, fault: faults.join("; ") };
}

/** What was read off the bytes, with what is known without reading them. */
function assemble(
  { chain, block, index, bytes, result }: RawTransaction,
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

/** The kind of the one event of a transaction that cannot be read. */
const brokenKind = "undecodable";

function broken(raw: RawTransaction, fault: string): Transaction {
  const draft: Draft = {
    type: [],
    module: "",
    node: new Map(),
    additional: new Map([["decode_error", [fault]]]),
  };
  addError(draft, raw.result);
  draft.error ??= fault;
  const events = [{ id: "0", kind: brokenKind, sub: [finish(draft)] }];
  return assemble(raw, { fee: [], memo: "", hasErrors: true, events });
}

/** A failed transaction undoes all of its messages: each carries the error. */
function addError(draft: Draft, { unknown, code, codespace, log }: RawResult): void {
  if (unknown !== undefined) draft.error = unknown;
  if (code === 0) return;
  draft.error = log === "" ? `code ${code}` : log;
  draft.additional.set("code", [String(code)]);
  if (codespace !== "") draft.additional.set("codespace", [codespace]);
}

/** Who signed and who paid: facts of the whole transaction, told with its first message. */
interface Signing {
  readonly signers: readonly string[];
  readonly keys: readonly string[];
  readonly sequences: readonly string[];
  readonly payer?: string;
  readonly granter?: string;
  /** What the transaction says beside its messages. */
  readonly envelope: Readonly<Record<string, readonly string[]>>;
  readonly tip?: Tip;
}

function signing(
  authInfo: AuthInfo,
  messages: readonly ReadMessage[],
  result: RawResult,
): Omit<Signing, "envelope" | "granter"> {
  const signer = messages.map((message) => message.signer).find((each) => each !== undefined);
  // Events are asked only where the messages do not tell: to read them costs more than all of this.
  const isNamed = signer !== undefined && accountPrefix(signer) !== undefined;
  const claimed = isNamed ? signer : (toldPayer(result) ?? signer);
  const prefix = claimed === undefined ? undefined : accountPrefix(claimed);
  // The one signer that a message names is the one whose signature the chain has checked, whatever the key.
  const named = claimed === undefined ? [] : [canonicalAccount(claimed)];
  const isSingle = isNamed && authInfo.signerInfos.length === 1;
  const fromKeys = isSingle ? [] : authInfo.signerInfos.flatMap((info) => accountOfSigner(info, prefix));
  const signers = fromKeys.length > 0 ? fromKeys : named;
  const payer = signers[0];
  return {
    signers,
    keys: authInfo.signerInfos.flatMap(({ publicKey }) =>
      publicKey === undefined ? [] : [keyText(publicKey)],
    ),
    sequences: authInfo.signerInfos.map(({ sequence }) => sequence.toString()),
    ...(payer !== undefined && { payer }),
  };
}

/** Who paid the fee, as the SDK's ante handler says: `tx.fee_payer` since 0.46, `tx.acc_seq` (`account/sequence`) since 0.42. */
function toldPayer({ events }: RawResult): string | undefined {
  const payer =
    attributesOf(events, "tx", "fee_payer")[0] ?? attributesOf(events, "tx", "acc_seq")[0]?.split("/")[0];
  return payer === "" ? undefined : payer;
}

/** The account of a signer with a secp256k1 key; others' accounts do not follow from the key alone on every chain. */
function accountOfSigner({ publicKey }: SignerInfo, prefix: string | undefined): string[] {
  if (prefix === undefined || publicKey?.typeUrl !== PubKey.typeUrl) return [];
  const { key } = decodeBytes(PubKey, publicKey.value);
  return key.length === 33 ? [accountOfKey(key, prefix)] : [];
}

/** The one field of the SDK's simple keys. */
const keyFields = new Set([1]);

/** A key in base64 as nodes write it; keys made of several keys as they are packed. */
function keyText({ value }: { value: Uint8Array }): string {
  const simple = hasOnlyByteFields(value, keyFields) ? decodeBytes(PubKey, value).key : value;
  return Buffer.from(simple).toString("base64");
}

function feePaying({ fee, tip }: AuthInfo): { payer?: string; granter?: string; tip?: Tip } {
  return {
    ...(fee !== undefined && fee.payer !== "" && { payer: canonicalAccount(fee.payer) }),
    ...(fee !== undefined && fee.granter !== "" && { granter: canonicalAccount(fee.granter) }),
    ...(tip !== undefined && { tip }),
  };
}

/** What stands in the body beside messages and memo; nothing of it in most transactions. */
function envelopeFacts(body: TxBody): Signing["envelope"] {
  const options = [...body.extensionOptions, ...body.nonCriticalExtensionOptions];
  return {
    ...(body.timeoutHeight !== 0n && { timeout_height: [body.timeoutHeight.toString()] }),
    ...(options.length > 0 && { extension_options: options.map(({ typeUrl }) => typeUrl) }),
  };
}

function addSigning(draft: Draft, about: Signing): void {
  const { signers, keys, sequences, payer, granter, envelope, tip } = about;
  const [first] = signers;
  if (first !== undefined) draft.node.set("signer", signers);
  if (payer !== undefined) draft.node.set("fee_payer", [payer]);
  if (granter !== undefined) draft.node.set("fee_granter", [granter]);
  if (first !== undefined && (draft.sender ?? []).length === 0)
    draft.sender = [{ account: { id: first }, amounts: [] }];
  draft.nonce ??= sequences[0];
  for (const [name, values] of Object.entries(envelope)) draft.additional.set(name, values);
  draft.additional.set("public_key", keys);
  draft.additional.set("sequence", sequences);
  if (tip !== undefined) addTip(draft, tip);
}

function addTip(draft: Draft, { tipper, amount }: Tip): void {
  draft.node.set("tipper", [canonicalAccount(tipper)]);
  const tips = amount.map((coin, index) => [`tip_${index + 1}`, coinAmount(coin)] as const);
  draft.amount = [...(draft.amount ?? []), ...tips];
}
