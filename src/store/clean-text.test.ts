import { describe, expect, it } from "vitest";
import { cleanJson, cleanText } from "./clean-text.js";

describe("cleanText", () => {
  it.each([
    ["plain", "plain", 0],
    ["", "", 0],
    ["\u0000a\u0000b\u0000", "ab", 3],
    ["a\ud800b\udc00c", "abc", 2],
    ["\u0000\ud800", "", 2],
    ["pair \ud83d\ude00", "pair \ud83d\ude00", 0],
    ["pair \ud83d\ude00\u0000", "pair \ud83d\ude00", 1],
  ])("turns %j into %j and counts %i removed characters", (text, clean, removed) => {
    const tally = { removed: 10 };
    expect(cleanText(text, tally)).toBe(clean);
    expect(tally.removed).toBe(10 + removed);
    expect(cleanText(text)).toBe(clean);
  });
});

describe("cleanJson", () => {
  it.each([
    [{ a: "b" }, '{"a":"b"}', 0],
    [{ "a\u0000": "b" }, '{"a":"b"}', 1],
    [{ a: "b\ud800" }, '{"a":"b"}', 1],
    [{ "a\udfff": ["\u0000\u0000", { b: "c\u0000" }] }, '{"a":["",{"b":"c"}]}', 4],
    [[null, 1, true, "\u0000"], '[null,1,true,""]', 1],
    ["a text of \\u0000 as characters", '"a text of \\\\u0000 as characters"', 0],
  ])("writes %j as %s and counts %i removed characters", (value, json, removed) => {
    const tally = { removed: 0 };
    expect(cleanJson(value, tally)).toBe(json);
    expect(tally.removed).toBe(removed);
  });
});
