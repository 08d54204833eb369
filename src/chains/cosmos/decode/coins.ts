// Converts coins to amounts of the common format, exactly, on decimal strings.
// Imports only domain; never rounds.
import type { Amount } from "../../../domain/amount.js";

/** cosmos.base.v1beta1.Coin: the amount is an integer in decimal digits. */
export interface Coin {
  readonly denom: string;
  readonly amount: string;
}

/** Decimal places of the SDK's decimal numbers (cosmossdk.io/math, LegacyPrecision). */
export const decimalPlaces = 18;

/** Thrown for a coin whose amount is not an integer. */
export class AmountError extends Error {
  override readonly name = "AmountError";
}

/** Converts a coin. An empty amount is 0, as in the SDK. Throws AmountError if the amount is not an integer. */
export function amountFromCoin({ denom, amount }: Coin): Amount {
  const numeric = parseInteger(amount);
  return { text: `${numeric}${denom}`, currency: denom, numeric, exp: 0 };
}

/** Converts a cosmos.base.v1beta1.DecCoin, whose amount is multiplied by 10^18. Throws AmountError if it is not an integer. */
export function amountFromDecCoin({ denom, amount }: Coin): Amount {
  const numeric = parseInteger(amount);
  return { text: `${formatDecimal(numeric)}${denom}`, currency: denom, numeric, exp: decimalPlaces };
}

/** Formats a decimal that protobuf carries multiplied by 10^18: `100000000000000000` → `0.100000000000000000`. Returns other texts unchanged. */
export function formatDecimal(atomics: string): string {
  if (!/^-?\d+$/.test(atomics)) return atomics;
  const negative = atomics.startsWith("-");
  const digits = (negative ? atomics.slice(1) : atomics).padStart(decimalPlaces + 1, "0");
  const point = digits.length - decimalPlaces;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Parses the coins of an event's attribute, `5uatom,7ibc/AB…` (SDK, Coins.String). Skips invalid entries. */
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
