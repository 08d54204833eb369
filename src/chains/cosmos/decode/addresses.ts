// Addresses: which texts are some, and what one key is called under another prefix.
// Imports only the bech32 library; never asks a node.
import { createHash, hash } from "node:crypto";
import { bech32 } from "@scure/base";

/**
 * 20 or 32 bytes in bech32 (BIP 173), all lower or all upper case. Long enough to be no ordinary text. No chain's prefix has other
 * signs, and IBC's ports are named for accounts: `icacontroller-cosmos1…`.
 */
const bech32Shape = /^[a-z][a-z0-9]{0,40}1[02-9ac-hj-np-z]{38}(?:[02-9ac-hj-np-z]{20})?$/;
const hexShape = /^0x[0-9a-f]{40}$/;
/** Endings of a prefix that name a validator's operator (`valoper`; `cncl` on Cronos' chains) or consensus key. */
const validatorEnding = /(valoper|valcons|cncl|cnclcons)$/;

/**
 * Module accounts have the same bytes on every chain: the first 20 of SHA-256 of their name (SDK, NewModuleAddress).
 * This is how these bytes stand in bech32, without prefix and checksum.
 */
const distributionModule = "jv65s3grqf6v6jl3dp4t6c9t9rk99cd8";

/** The address in its canonical, lower case, form, or nothing where the text is none. */
export function normalizeAddress(text: string): string | undefined {
  if (text.length < 40 || text.length > 110) return undefined;
  const lower = text.toLowerCase();
  if (lower !== text && text.toUpperCase() !== text && !text.startsWith("0x")) return undefined;
  return bech32Shape.test(lower) || hexShape.test(lower) ? lower : undefined;
}

/** The address in canonical form; any other text as it is, since a field may say that it holds an account of any kind. */
export function canonicalAccount(text: string): string {
  return normalizeAddress(text) ?? text;
}

/** The part before the `1`; nothing where the address is not bech32. */
export function addressPrefix(address: string): string | undefined {
  const separator = address.lastIndexOf("1");
  return separator > 0 && !address.startsWith("0x") ? address.slice(0, separator) : undefined;
}

/** Whether the address is a validator's, not an account's. */
export function isValidatorAddress(address: string): boolean {
  return validatorEnding.test(addressPrefix(address) ?? "");
}

/** The prefix of accounts where `address` is an account or a validator. */
export function accountPrefix(address: string): string | undefined {
  const prefix = addressPrefix(address)?.replace(validatorEnding, "");
  return prefix === "" ? undefined : prefix;
}

/** The account that a validator's operator is; any other address as it is. */
export function operatorAccount(address: string): string {
  const prefix = accountPrefix(address);
  if (prefix === undefined || !isValidatorAddress(address)) return address;
  const decoded = bech32.decodeUnsafe(address, false);
  return decoded === undefined ? address : bech32.encode(prefix, decoded.words, false);
}

/** The bytes of an address in upper case hexadecimal; nothing where it is not bech32. */
export function addressHex(address: string): string | undefined {
  const decoded = bech32.decodeUnsafe(address, false);
  if (decoded === undefined) return undefined;
  return Buffer.from(bech32.fromWords(decoded.words)).toString("hex").toUpperCase();
}

/** The account of a secp256k1 public key (33 bytes): RIPEMD-160 of its SHA-256. */
export function accountFromPublicKey(key: Uint8Array, prefix: string): string {
  const bytes = createHash("ripemd160")
    .update(hash("sha256", key, "buffer"))
    .digest();
  return bech32.encode(prefix, bech32.toWords(bytes), false);
}

/** Whether this is the account that pays out rewards and commission. */
export function isDistributionModule(address: string): boolean {
  return address.slice(address.lastIndexOf("1") + 1, -6) === distributionModule;
}
