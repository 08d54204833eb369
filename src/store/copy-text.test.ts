import { describe, expect, it } from "vitest";
import { copyText } from "./copy-text.js";

describe("copyText", () => {
  it.each([
    [null, "\\N"],
    [undefined, "\\N"],
    ["", ""],
    ["plain", "plain"],
    ["a\tb\nc\rd\\e", "a\\tb\\nc\\rd\\\\e"],
    ["\r", "\\r"],
    ["\t", "\\t"],
    ["\n", "\\n"],
    ["\\N", "\\\\N"],
    [-7, "-7"],
    [2n ** 70n, "1180591620717411303424"],
    [true, "t"],
    [false, "f"],
    [[], "{}"],
    [["a", "b,c"], '{"a","b,c"}'],
    [['"', "\\", "\t"], '{"\\\\"","\\\\\\\\","\\t"}'],
    [Uint8Array.of(0, 255), "\\\\x00ff"],
    [Uint8Array.of(1, 2, 3, 4).subarray(1, 3), "\\\\x0203"],
  ])("writes %s as %j", (value, text) => {
    expect(copyText(value)).toBe(text);
  });
});
