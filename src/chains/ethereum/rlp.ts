// Recursive Length Prefix (RLP) encoding of a node's JSON fields.
// Imports only viem and its own folder.
// Never reads a transaction's fields.
import { toRlp } from "viem/utils";
import type { Hex } from "./fields.js";

/** An RLP value: bytes or a list. */
export type RlpItem = Hex | readonly RlpItem[];

/** Returns a number in RLP's form: whole bytes without leading zeros, empty for 0. */
export function rlpNumber(hex: Hex): Hex {
  const digits = hex.slice(2).replace(/^0+/, "");
  return digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`;
}

/** Encodes a list after one byte that states its type (EIP-2718). */
export function encodeTypedRlp(prefix: number, list: readonly RlpItem[]): Uint8Array {
  const encoded = toRlp(list, "bytes");
  const bytes = new Uint8Array(encoded.length + 1);
  bytes[0] = prefix;
  bytes.set(encoded, 1);
  return bytes;
}
