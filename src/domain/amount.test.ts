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

  it.each([
    ["1500", 3, "1.500"],
    ["5", 18, "0.000000000000000005"],
    ["-5", 1, "-0.5"],
    ["42", 0, "42"],
  ])("format %s with exponent %d as %s", (numeric, exp, text) => {
    expect(toDecimalString({ text: "", currency: "x", numeric, exp })).toBe(text);
  });
});
