import { expect, it } from "vitest";
import { errorMessage, toError } from "./error-message.js";

it.each([
  [new TypeError("broken"), "broken"],
  ["text", "text"],
  [
    new AggregateError([new Error("one"), new Error("two"), new Error("one")], "All promises were rejected"),
    "one; two",
  ],
  [new AggregateError([], "none"), "none"],
  [undefined, "undefined"],
  [{ message: "not an error" }, "[object Object]"],
])("returns the message of an error and the text of other values: case %#", (error, message) => {
  expect(errorMessage(error)).toBe(message);
});

it("returns an error unchanged, and other values as an error with their text", () => {
  const error = new TypeError("broken");
  expect(toError(error)).toBe(error);
  expect(toError("text")).toEqual(new Error("text"));
  expect(toError(undefined)).toEqual(new Error("undefined"));
});
