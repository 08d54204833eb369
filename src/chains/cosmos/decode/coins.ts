// Coins as amounts of the common format, exact: whole numbers and decimal points moved as text, never floating point.
// Imports only domain; never rounds.
import type { Amount } from "../../../domain/amount.js";

/** A coin as protobuf has it: the amount in decimal digits. */
export interface Coin {
  readonly denom: string;
  readonly amount: string;
}

/** Digits behind the decimal point of the SDK's decimal numbers (cosmossdk.io/math, LegacyPrecision). */
export const decimalPlaces = 18;

/** An amount that is no number: the bytes are not what their type says. */
export class AmountError extends Error {
  override readonly name = "AmountError";
}

/** A coin as an amount. Throws AmountError where its number is none; an empty one is 0, as the SDK reads it. */
export function amountFromCoin({ denom, amount }: Coin): Amount {
  const numeric = parseInteger(amount);
  return { text: `${numeric}${denom}`, currency: denom, numeric, exp: 0 };
}

/** A DecCoin as protobuf carries it, its number times 10^18, as an amount. */
export function amountFromDecCoin({ denom, amount }: Coin): Amount {
  const numeric = parseInteger(amount);
  return { text: `${formatDecimal(numeric)}${denom}`, currency: denom, numeric, exp: decimalPlaces };
}

/** A decimal number as protobuf carries it, times 10^18, as the SDK writes it: `100000000000000000` is `0.100000000000000000`. */
export function formatDecimal(atomics: string): string {
  if (!/^-?\d+$/.test(atomics)) return atomics;
  const negative = atomics.startsWith("-");
  const digits = (negative ? atomics.slice(1) : atomics).padStart(decimalPlaces + 1, "0");
  const point = digits.length - decimalPlaces;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Coins of an event's attribute, `5uatom,7ibc/AB…`. What is not written so is left out. */
export function parseCoins(text: string): Amount[] {
  const amounts: Amount[] = [];
  for (const part of text.split(",")) {
    const match = /^(\d+)([a-zA-Z].*)$/.exec(part.trim());
    if (match !== null) amounts.push(amountFromCoin({ amount: match[1] ?? "", denom: match[2] ?? "" }));
  }
  return amounts;
}

function parseInteger(text: string): string {
  if (/^(0|-?[1-9]\d*)$/.test(text)) return text;
  if (text === "") return "0";
  if (/^-?\d+$/.test(text)) return BigInt(text).toString();
  throw new AmountError(`'${text.slice(0, 80)}' is not a whole number`);
}
