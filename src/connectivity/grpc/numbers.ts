// Conversion of numbers between wire and domain.
// Imports only domain; never rounds.
import { isHeight, type Height } from "../../domain/height.js";

/** The most digits of a number, and the most decimal places: 2^256 has 78 digits, and longer numbers cost too much time. */
export const maxDigits = 400;

/** A message has an invalid content. */
export class WireFault extends Error {
  override readonly name = "WireFault";
}

/** Converts a 64-bit number to a height. Throws a WireFault beyond 2^53-1. */
export function readHeight(value: bigint): Height {
  const height = Number(value);
  if (!isHeight(height)) throw new WireFault(`${value} is not a height.`);
  return height;
}

/** Converts a 64-bit count to a number. Throws a WireFault beyond 2^53-1. */
export function countOf(value: bigint): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count)) throw new WireFault(`${value} is not a count.`);
  return count;
}

/** Parses a decimal text; the empty text is 0. Throws a WireFault. */
export function readWholeNumber(text: string): bigint {
  if (text.length > maxDigits || !/^-?\d*$/.test(text))
    throw new WireFault(`'${text.slice(0, 40)}' is not an integer.`);
  return BigInt(text === "" || text === "-" ? "0" : text);
}
