import { expect, it } from "vitest";
import { TakeOnce } from "./take-once.js";

it("returns its value until it is taken, then throws", () => {
  const content = new TakeOnce<string | undefined>(undefined);
  expect(content.value).toBeUndefined();
  expect(content.take()).toBeUndefined();
  expect(() => content.value).toThrow("already taken");
  expect(() => content.take()).toThrow("already taken");
});
