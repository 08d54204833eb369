// What is held until it is taken.
import { expect, it } from "vitest";
import { TakeOnce } from "./take-once.js";

it("holds a value until it is taken, once", () => {
  const held = new TakeOnce<string | undefined>(undefined);
  expect(held.value).toBeUndefined();
  expect(held.take()).toBeUndefined();
  expect(() => held.value).toThrow("taken already");
  expect(() => held.take()).toThrow("taken already");
});
