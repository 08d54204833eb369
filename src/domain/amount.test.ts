import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toDecimalString, sumAmounts, type Amount } from "./amount.js";

const amount = fc.record({
  text: fc.constant(""),
  currency: fc.constantFrom("atom", "wei"),
  numeric: fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  exp: fc.integer({ min: 0, max: 18 }),
});
const scaled = ({ numeric, exp }: Amount): bigint => BigInt(numeric) * 10n ** BigInt(18 - exp);

describe("amounts", () => {
  it("sum exactly across different exponents, without changing the inputs", () => {
    fc.assert(
      fc.property(fc.array(amount), (list) => {
        const before = structuredClone(list);
        for (const sum of sumAmounts(list)) {
          const expected = list
            .filter(({ currency }) => currency === sum.currency)
            .reduce((all, each) => all + scaled(each), 0n);
          expect(scaled(sum)).toBe(expected);
        }
        expect(list).toEqual(before);
      }),
      { numRuns: 10_000 },
    );
  });

  it("sum per currency, in order of first occurrence, at the largest exponent of the currency", () => {
    const summands = [
      { text: "x", currency: "wei", numeric: "5", exp: 0 },
      { text: "x", currency: "atom", numeric: "25", exp: 1 },
      { text: "x", currency: "wei", numeric: "-7", exp: 0 },
      { text: "x", currency: "atom", numeric: "5", exp: 3 },
      { text: "x", currency: "atom", numeric: "1", exp: 0 },
    ];
    expect(sumAmounts(summands)).toEqual([
      { text: "-2wei", currency: "wei", numeric: "-2", exp: 0 },
      { text: "3.505atom", currency: "atom", numeric: "3505", exp: 3 },
    ]);
    expect(sumAmounts([])).toEqual([]);
  });

  it.each([
    ["1500", 3, "1.500"],
    ["5", 18, "0.000000000000000005"],
    ["-5", 1, "-0.5"],
    ["-1234", 2, "-12.34"],
    ["-42", 0, "-42"],
    ["0", 2, "0.00"],
    ["123", 3, "0.123"],
    ["42", 0, "42"],
  ])("format %s with exponent %d as %s", (numeric, exp, text) => {
    expect(toDecimalString({ text: "", currency: "x", numeric, exp })).toBe(text);
  });
});
