import { expect, it } from "vitest";
import { isRecord } from "./is-record.js";

it.each([
  [{}, true],
  [{ a: 1 }, true],
  [null, false],
  [undefined, false],
  [[], false],
  ["text", false],
  [1, false],
  [() => {}, false],
])("accepts objects that are neither null nor arrays: case %#", (value, accepted) => {
  expect(isRecord(value)).toBe(accepted);
});
