import { expect, it } from "vitest";
import { errorMessage } from "./error-message.js";

it.each([
  [new TypeError("broken"), "broken"],
  ["text", "text"],
  [undefined, "undefined"],
  [{ message: "not an error" }, "[object Object]"],
])("returns the message of an error and the text of other values: case %#", (error, message) => {
  expect(errorMessage(error)).toBe(message);
});
