// One transaction of a block, from its bytes and its result, in the common format.
// Imports only cosmjs-types, domain and its neighbours; never fails: bytes that are no transaction are kept and reported.
import { createHash } from "node:crypto";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { AuthInfo, TxBody, TxRaw, type SignerInfo, type Tip } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import type { ChainRef } from "../../../domain/chain.js";
import type { SubEvent, Transaction, TransactionEvent } from "../../../domain/transaction.js";
import { accountOfKey, accountPrefix, canonicalAccount } from "./addresses.js";
import { coinAmount } from "./coins.js";
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
  return createHash("sha256").update(bytes).digest("hex").toUpperCase();
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

/** Fields of a TxRaw: body, auth info, signatures. The SDK refuses any other. */
const rawFields = new Set([1, 2, 3]);

function decodeWell(raw: RawTransaction): DecodedTransaction {
  const { bytes, result } = raw;
  if (!hasOnlyByteFields(bytes, rawFields))
    throw new Error("The bytes are no transaction of the Cosmos SDK.");
  const { bodyBytes, authInfoBytes } = TxRaw.decode(bytes);
  const body = TxBody.decode(bodyBytes);
  const authInfo = AuthInfo.decode(authInfoBytes);
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
  const events = messages.map(({ kind, sub }, index): TransactionEvent => {
    const told = index === 0 ? withSigning(sub, about) : sub;
    return { id: String(index), kind, sub: [failed ? withError(told, result) : told] };
  });
  const unknown = result.unknown === undefined ? [] : [result.unknown];
  const faults = [...unknown, ...messages.flatMap(({ fault }) => (fault === undefined ? [] : [fault]))];
  const hasErrors = failed || faults.length > 0;
  return {
    transaction: { ...outside(raw), fee, memo: body.memo, hasErrors, events },
    ...(faults.length > 0 && { fault: faults.join("; ") }),
  };
}

/** What is known without reading the bytes. */
function outside({
  chain,
  block,
  index,
  bytes,
  result,
}: RawTransaction): Omit<Transaction, "fee" | "memo" | "hasErrors" | "events"> {
  return {
    chain,
    hash: transactionHash(bytes),
    blockHash: block.hash,
    height: block.height,
    index,
    time: block.time,
    gasWanted: result.gasWanted,
    gasUsed: result.gasUsed,
    raw: bytes,
    ...(result.log !== "" && { rawLog: new TextEncoder().encode(result.log) }),
  };
}

/** The kind of the one event of a transaction that cannot be read. */
const brokenKind = "undecodable";

function broken(raw: RawTransaction, fault: string): Transaction {
  const sub = withError({ type: [], additional: { decode_error: [fault] } }, raw.result);
  return {
    ...outside(raw),
    fee: [],
    memo: "",
    hasErrors: true,
    events: [{ id: "0", kind: brokenKind, sub: [{ ...sub, error: sub.error ?? fault }] }],
  };
}

/** A failed transaction undoes all of its messages: each carries the error. */
function withError(sub: SubEvent, { unknown, code, codespace, log }: RawResult): SubEvent {
  if (unknown !== undefined) return { ...sub, error: unknown };
  if (code === 0) return sub;
  return {
    ...sub,
    error: log === "" ? `code ${code}` : log,
    additional: {
      ...sub.additional,
      code: [String(code)],
      ...(codespace !== "" && { codespace: [codespace] }),
    },
  };
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
  const { key } = PubKey.decode(publicKey.value);
  return key.length === 33 ? [accountOfKey(key, prefix)] : [];
}

/** A key in base64 as nodes write it; keys made of several keys as they are packed. */
function keyText({ value }: { value: Uint8Array }): string {
  const simple = hasOnlyByteFields(value, new Set([1])) ? PubKey.decode(value).key : value;
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

function withSigning(
  sub: SubEvent,
  { signers, keys, sequences, payer, granter, envelope, tip }: Signing,
): SubEvent {
  const roles = {
    ...(signers.length > 0 && { signer: signers.map((id) => ({ id })) }),
    ...(payer !== undefined && { fee_payer: [{ id: payer }] }),
    ...(granter !== undefined && { fee_granter: [{ id: granter }] }),
    ...(tip !== undefined && tip.tipper !== "" && { tipper: [{ id: canonicalAccount(tip.tipper) }] }),
  };
  const tips = tip?.amount.map((coin, index) => [`tip_${index + 1}`, coinAmount(coin)] as const) ?? [];
  const facts = {
    ...envelope,
    ...(keys.length > 0 && { public_key: keys }),
    ...(sequences.length > 0 && { sequence: sequences }),
  };
  const sender = sub.sender ?? signers.slice(0, 1).map((id) => ({ account: { id }, amounts: [] }));
  const nonce = sub.nonce ?? sequences[0];
  return {
    ...sub,
    ...(sender.length > 0 && { sender }),
    ...(Object.keys(roles).length > 0 && { node: { ...sub.node, ...roles } }),
    ...(nonce !== undefined && { nonce }),
    ...(tips.length > 0 && { amount: { ...sub.amount, ...Object.fromEntries(tips) } }),
    ...(Object.keys(facts).length > 0 && { additional: { ...sub.additional, ...facts } }),
  };
}
