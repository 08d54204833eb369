// Recursive Length Prefix lists out of a node's JSON.
// Imports only viem and its own folder.
import { toRlp } from "viem/utils";
import type { Hex } from "./fields.js";

/** Bytes, or a list. */
export type RlpItem = Hex | readonly RlpItem[];

/** A number as RLP has it: whole bytes without leading zeros, nothing for 0. */
export function rlpNumber(hex: Hex): Hex {
  const digits = hex.slice(2).replace(/^0+/, "");
  return digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`;
}

/** A list encoded, behind one byte that says what it is (EIP-2718). */
export function rlpBehind(prefix: number, list: readonly RlpItem[]): Uint8Array {
  const encoded = toRlp(list, "bytes");
  const bytes = new Uint8Array(encoded.length + 1);
  bytes[0] = prefix;
  bytes.set(encoded, 1);
  return bytes;
}
