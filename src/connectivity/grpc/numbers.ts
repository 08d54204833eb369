// Numbers as the wire has them and as the domain has them.
// Imports only domain; never rounds.
import { isHeight, type Height } from "../../domain/height.js";

/** Digits that a number may have, and places behind its point: 2^256 has 78, and padding to millions would stop everybody. */
export const maxDigits = 400;

/** A message that does not mean anything. */
export class WireFault extends Error {
  override readonly name = "WireFault";
}

/** A 64-bit number as a height. Throws a WireFault beyond 2^53-1. */
export function heightOf(value: bigint): Height {
  const height = Number(value);
  if (!isHeight(height)) throw new WireFault(`${value} is no height.`);
  return height;
}

/** A 64-bit count as a number. Throws a WireFault beyond 2^53-1. */
export function countOf(value: bigint): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count)) throw new WireFault(`${value} is no count.`);
  return count;
}

/** A decimal text as a whole number; empty is 0. Throws a WireFault. */
export function wholeNumber(text: string): bigint {
  if (text.length > maxDigits || !/^-?\d*$/.test(text))
    throw new WireFault(`'${text.slice(0, 40)}' is no whole number.`);
  return BigInt(text === "" || text === "-" ? "0" : text);
}
