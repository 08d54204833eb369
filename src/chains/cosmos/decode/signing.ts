// Who signed a transaction and who paid for it: facts of the whole of it, told with its first message.
// Imports only cosmjs-types and its neighbours; never checks a signature.
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import type { AuthInfo, SignerInfo, Tip } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { accountOfKey, accountPrefix, canonicalAccount } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { coinAmount } from "./coins.js";
import type { Draft } from "./draft.js";
import type { ReadMessage } from "./messages.js";
import { attributesOf } from "./node-events.js";
import type { RawResult } from "./raw-height.js";
import { hasOnlyByteFields } from "./wire.js";

/** The accounts that signed, in order of their signatures as far as their keys or the messages tell. */
export function signersOf(
  { signerInfos }: AuthInfo,
  messages: readonly ReadMessage[],
  result: RawResult,
): readonly string[] {
  const signer = messages.find((message) => message.signer !== undefined)?.signer;
  // Events are asked only where the messages do not tell: to read them costs more than all of this.
  const isNamed = signer !== undefined && accountPrefix(signer) !== undefined;
  const claimed = isNamed ? signer : (toldPayer(result) ?? signer);
  const named = claimed === undefined ? [] : [canonicalAccount(claimed)];
  // The one signer that a message names is the one whose signature the chain has checked, whatever the key.
  if (isNamed && signerInfos.length === 1) return named;
  const prefix = claimed === undefined ? undefined : accountPrefix(claimed);
  const fromKeys = signerInfos.flatMap((info) => accountOfSigner(info, prefix));
  return fromKeys.length > 0 ? fromKeys : named;
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

/** Tells signers, keys, sequences, and who paid the fee: the first signer unless the fee names another. */
export function addSigning(
  draft: Draft,
  { signerInfos, fee, tip }: AuthInfo,
  signers: readonly string[],
): void {
  const [first] = signers;
  const payer = fee === undefined || fee.payer === "" ? first : canonicalAccount(fee.payer);
  if (first !== undefined) draft.node.set("signer", signers);
  if (payer !== undefined) draft.node.set("fee_payer", [payer]);
  if (fee !== undefined && fee.granter !== "") draft.node.set("fee_granter", [canonicalAccount(fee.granter)]);
  if (first !== undefined && (draft.sender ?? []).length === 0)
    draft.sender = [{ account: { id: first }, amounts: [] }];
  const sequences = signerInfos.map(({ sequence }) => sequence.toString());
  draft.nonce ??= sequences[0];
  draft.additional.set(
    "public_key",
    signerInfos.flatMap(({ publicKey }) => (publicKey === undefined ? [] : keyText(publicKey))),
  );
  draft.additional.set("sequence", sequences);
  if (tip !== undefined) addTip(draft, tip);
}

/** The one field of the SDK's simple keys. */
const keyFields = new Set([1]);

/** A key in base64 as nodes write it; keys made of several keys as they are packed. */
function keyText({ value }: { value: Uint8Array }): string {
  const { buffer, byteOffset, length } = hasOnlyByteFields(value, keyFields)
    ? decodeBytes(PubKey, value).key
    : value;
  return Buffer.from(buffer, byteOffset, length).toString("base64");
}

function addTip(draft: Draft, { tipper, amount }: Tip): void {
  draft.node.set("tipper", [canonicalAccount(tipper)]);
  const tips = amount.map((coin, index) => [`tip_${index + 1}`, coinAmount(coin)] as const);
  draft.amount = [...(draft.amount ?? []), ...tips];
}
