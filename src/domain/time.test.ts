import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTime, parseTime } from "./time.js";

describe("times", () => {
  it("survive formatting and parsing, to the nanosecond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 9n * 10n ** 18n }), (time) => {
        expect(parseTime(formatTime(time))).toBe(time);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ["2021-03-04T05:06:07Z", "2021-03-04T05:06:07Z"],
    ["2021-03-04t05:06:07.120z", "2021-03-04T05:06:07.12Z"],
    ["2021-03-04T00:06:07.000000001+02:00", "2021-03-03T22:06:07.000000001Z"],
    ["2021-03-04T05:06:07.1234567891Z", "2021-03-04T05:06:07.123456789Z"],
    ["1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"],
  ])("format %s as %s", (text, formatted) => {
    expect(formatTime(parseTime(text))).toBe(formatted);
  });

  it.each([
    "",
    "yesterday",
    "2021-03-04",
    "2021-03-04T05:06:07",
    "2021-02-31T00:00:00Z",
    "2021-13-01T00:00:00Z",
    "1614834367",
  ])("reject %j", (text) => {
    expect(() => parseTime(text)).toThrow(/RFC 3339/);
  });
});
