// The signers and the fee payer of a transaction, which its first event contains.
// Imports only cosmjs-types and its neighbours; never checks a signature.
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import type { AuthInfo, SignerInfo, Tip } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { accountFromPublicKey, accountPrefix, canonicalAccount } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { amountFromCoin } from "./coins.js";
import type { EventParts } from "./event-builder.js";
import type { DecodedMessage } from "./messages.js";
import { attributeValues } from "./node-events.js";
import type { RawCosmosResult } from "./raw-height.js";
import { hasOnlyByteFields } from "./wire.js";

/** The signers' accounts in signature order, as far as keys, messages or events contain them. */
export function findSigners(
  { signerInfos }: AuthInfo,
  messages: readonly DecodedMessage[],
  result: RawCosmosResult,
): readonly string[] {
  const signer = messages.find((message) => message.signer !== undefined)?.signer;
  // Events are a fallback: decoding them is expensive.
  const isNamed = signer !== undefined && accountPrefix(signer) !== undefined;
  const claimed = isNamed ? signer : (feePayerFromEvents(result) ?? signer);
  const named = claimed === undefined ? [] : [canonicalAccount(claimed)];
  // A single signer is the account that the message names, whatever its key type: the chain verified the signature.
  if (isNamed && signerInfos.length === 1) return named;
  const prefix = claimed === undefined ? undefined : accountPrefix(claimed);
  const fromKeys = signerInfos.flatMap((info) => signerAccount(info, prefix));
  return fromKeys.length > 0 ? fromKeys : named;
}

/** The fee payer in the events of the SDK's ante handler: `tx.fee_payer` since 0.46, `tx.acc_seq` (`account/sequence`) since 0.42. */
function feePayerFromEvents({ events }: RawCosmosResult): string | undefined {
  const payer =
    attributeValues(events, "tx", "fee_payer")[0] ??
    attributeValues(events, "tx", "acc_seq")[0]?.split("/")[0];
  return payer === "" ? undefined : payer;
}

/** The account of a signer with a secp256k1 key; for other keys the derivation differs between chains. */
function signerAccount({ publicKey }: SignerInfo, prefix: string | undefined): string[] {
  if (prefix === undefined || publicKey?.typeUrl !== PubKey.typeUrl) return [];
  const { key } = decodeBytes(PubKey, publicKey.value);
  return key.length === 33 ? [accountFromPublicKey(key, prefix)] : [];
}

/** Adds signers, keys, sequences and the fee payer (the first signer unless the fee names another) to the first event. */
export function addSigning(
  parts: EventParts,
  { signerInfos, fee, tip }: AuthInfo,
  signers: readonly string[],
): void {
  const [first] = signers;
  const payer = fee === undefined || fee.payer === "" ? first : canonicalAccount(fee.payer);
  if (first !== undefined) parts.node.set("signer", signers);
  if (payer !== undefined) parts.node.set("fee_payer", [payer]);
  if (fee !== undefined && fee.granter !== "") parts.node.set("fee_granter", [canonicalAccount(fee.granter)]);
  if (first !== undefined && (parts.sender ?? []).length === 0)
    parts.sender = [{ account: { id: first }, amounts: [] }];
  const sequences = signerInfos.map(({ sequence }) => sequence.toString());
  parts.nonce ??= sequences[0];
  parts.additional.set(
    "public_key",
    signerInfos.flatMap(({ publicKey }) => (publicKey === undefined ? [] : keyText(publicKey))),
  );
  parts.additional.set("sequence", sequences);
  if (tip !== undefined) addTip(parts, tip);
}

/** The only field number of the SDK's simple keys. */
const keyFields = new Set([1]);

/** A public key in base64 as in the node's JSON; a multisig key as its packed bytes. */
function keyText({ value }: { value: Uint8Array }): string {
  const { buffer, byteOffset, length } = hasOnlyByteFields(value, keyFields)
    ? decodeBytes(PubKey, value).key
    : value;
  return Buffer.from(buffer, byteOffset, length).toString("base64");
}

function addTip(parts: EventParts, { tipper, amount }: Tip): void {
  parts.node.set("tipper", [canonicalAccount(tipper)]);
  const tips = amount.map((coin, index) => [`tip_${index + 1}`, amountFromCoin(coin)] as const);
  parts.amount = [...(parts.amount ?? []), ...tips];
}
