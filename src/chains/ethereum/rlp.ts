// Recursive Length Prefix lists out of a node's JSON.
// Imports only its own folder.
import type { Hex } from "./fields.js";

/** Bytes, or a list. */
export type RlpItem = Hex | readonly RlpItem[];

/** A number as RLP has it: whole bytes without leading zeros, nothing for 0. */
export function rlpNumber(hex: Hex): Hex {
  const digits = hex.slice(2).replace(/^0+/, "");
  return digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`;
}
