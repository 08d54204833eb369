// Recognises, normalises and converts bech32 and Ethereum addresses.
// Imports only the bech32 library; never calls a node.
import { createHash, hash } from "node:crypto";
import { bech32 } from "@scure/base";

/**
 * 20 or 32 bytes in bech32 (BIP 173). Prefixes contain only letters and digits, so that IBC port names that end with an account
 * (`icacontroller-cosmos1…`) do not match.
 */
const bech32Shape = /^[a-z][a-z0-9]{0,40}1[02-9ac-hj-np-z]{38}(?:[02-9ac-hj-np-z]{20})?$/;
const hexShape = /^0x[0-9a-f]{40}$/;
/** Suffixes of a prefix that mark a validator's operator (`valoper`; `cncl` on Cronos' chains) or consensus key. */
const validatorEnding = /(valoper|valcons|cncl|cnclcons)$/;

/**
 * The distribution module's account in bech32, without prefix and checksum. Module accounts have the same bytes on every chain:
 * the first 20 of the SHA-256 of their name (SDK, NewModuleAddress).
 */
const distributionModule = "jv65s3grqf6v6jl3dp4t6c9t9rk99cd8";

/** Returns an address in canonical lower case; undefined if the text is not a bech32 or 0x address. Does not verify checksums. */
export function normalizeAddress(text: string): string | undefined {
  if (text.length < 40 || text.length > 110) return undefined;
  const lower = text.toLowerCase();
  if (lower !== text && text.toUpperCase() !== text && !text.startsWith("0x")) return undefined;
  return bech32Shape.test(lower) || hexShape.test(lower) ? lower : undefined;
}

/** Returns an address in canonical lower case, and any other text unchanged: accounts of other chains may have other formats. */
export function canonicalAccount(text: string): string {
  return normalizeAddress(text) ?? text;
}

/** The prefix of a bech32 address, before the last `1`; undefined for other texts. */
export function addressPrefix(address: string): string | undefined {
  const separator = address.lastIndexOf("1");
  return separator > 0 && !address.startsWith("0x") ? address.slice(0, separator) : undefined;
}

/** Whether the address is a validator's operator or consensus address, by its prefix. */
export function isValidatorAddress(address: string): boolean {
  return validatorEnding.test(addressPrefix(address) ?? "");
}

/** The account prefix of the chain of an account's or validator's address; undefined if the address is not bech32. */
export function accountPrefix(address: string): string | undefined {
  const prefix = addressPrefix(address)?.replace(validatorEnding, "");
  return prefix === "" ? undefined : prefix;
}

/** Converts a validator's operator address to its account; returns any other address unchanged. */
export function operatorAccount(address: string): string {
  const prefix = accountPrefix(address);
  if (prefix === undefined || !isValidatorAddress(address)) return address;
  const decoded = bech32.decodeUnsafe(address, false);
  return decoded === undefined ? address : bech32.encode(prefix, decoded.words, false);
}

/** The bytes of a bech32 address in upper case hexadecimal; undefined for other texts. */
export function addressHex(address: string): string | undefined {
  const decoded = bech32.decodeUnsafe(address, false);
  if (decoded === undefined) return undefined;
  return Buffer.from(bech32.fromWords(decoded.words)).toString("hex").toUpperCase();
}

/** The account of a compressed secp256k1 public key (33 bytes): RIPEMD-160 of its SHA-256 (SDK, crypto/keys/secp256k1). */
export function accountFromPublicKey(key: Uint8Array, prefix: string): string {
  const bytes = createHash("ripemd160")
    .update(hash("sha256", key, "buffer"))
    .digest();
  return bech32.encode(prefix, bech32.toWords(bytes), false);
}

/** Whether an address is the distribution module's account, which pays rewards and commission. */
export function isDistributionModule(address: string): boolean {
  return address.slice(address.lastIndexOf("1") + 1, -6) === distributionModule;
}
