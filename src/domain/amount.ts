// Amounts of currency, exact. Pure values; imports nothing of this project; never uses floating point.

/** The amount `numeric * 10^-exp` of `currency`; `text` is the chain's own notation. */
export interface Amount {
  readonly text: string;
  readonly currency: string;
  /** A whole number of any size in decimal digits, with a leading minus if negative. */
  readonly numeric: string;
  /** The number of digits after the decimal point; 0 or more. */
  readonly exp: number;
}

/** Writes an amount as a decimal number, never in exponent form: numeric 1500, exp 3 is `1.500`. */
export function toDecimalString(amount: Amount): string {
  if (amount.exp === 0) return amount.numeric;
  const negative = amount.numeric.startsWith("-");
  const digits = (negative ? amount.numeric.slice(1) : amount.numeric).padStart(amount.exp + 1, "0");
  const point = digits.length - amount.exp;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Sums amounts per currency, exactly, at the largest exponent of each currency; currencies in order of first occurrence. */
export function sumAmounts(amounts: Iterable<Amount>): Amount[] {
  const sums = new Map<string, { numeric: bigint; exp: number }>();
  for (const { currency, numeric, exp } of amounts) {
    const sum = sums.get(currency) ?? { numeric: 0n, exp: 0 };
    const top = Math.max(sum.exp, exp);
    sums.set(currency, {
      numeric: sum.numeric * 10n ** BigInt(top - sum.exp) + BigInt(numeric) * 10n ** BigInt(top - exp),
      exp: top,
    });
  }
  return [...sums].map(([currency, { numeric, exp }]) => {
    const amount = { text: "", currency, numeric: numeric.toString(), exp };
    return { ...amount, text: `${toDecimalString(amount)}${currency}` };
  });
}
