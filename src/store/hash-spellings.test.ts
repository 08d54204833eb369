import { expect, it } from "vitest";
import { hashSpellings } from "./hash-spellings.js";

it.each([
  ["AbC1", ["AbC1", "abc1", "ABC1"]],
  ["abc1", ["abc1", "ABC1"]],
  ["ABC1", ["ABC1", "abc1"]],
  ["123", ["123"]],
  ["0xAb", ["0xAb", "0xab", "0xAB"]],
  ["0XAB", ["0XAB", "0xab", "0xAB"]],
  ["not hexadecimal", ["not hexadecimal"]],
  ["0x", ["0x"]],
  ["", [""]],
])("%j is stored in one of the spellings %j", (hash, spellings) => {
  expect([...hashSpellings(hash)].sort()).toEqual([...spellings].sort());
});
