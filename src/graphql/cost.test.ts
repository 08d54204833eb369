import { parse } from "graphql";
import { expect, it } from "vitest";
import { costOf } from "./cost.js";
import { schema } from "./schema.js";

const filter = `filter: { chain: { network: "demo", chainId: "demo-1" } }`;
const costs = (text: string, variables: Record<string, unknown> = {}): number =>
  costOf({ schema, document: parse(text), variables });
const blocks = (page: string): number => costs(`{ blocks(${filter}${page}) { nodes { hash } } }`);

it("grows with the page size, whether it is given as first or as last", () => {
  expect(blocks(", first: 10")).toBe(blocks(", last: 10"));
  expect(blocks(", last: 1000")).toBe(blocks(", first: 1000"));
  expect(blocks(", last: 1000")).toBeGreaterThan(50 * blocks(", last: 10"));
  expect(blocks(", last: 3") - blocks(", last: 2")).toBe(blocks(", last: 2") - blocks(", last: 1"));
});

it("uses the default size of the list without a size, and one item for a size of zero", () => {
  expect(blocks("")).toBe(blocks(", first: 50"));
  expect(blocks(`, before: "x"`)).toBe(blocks(", last: 50"));
  expect(blocks(", last: 0")).toBe(blocks(", last: 1"));
});

it("reads the size from a variable", () => {
  const text = `query ($size: Int) { blocks(${filter}, last: $size) { nodes { hash } } }`;
  expect(costs(text, { size: 700 })).toBe(blocks(", last: 700"));
});

it("multiplies the sizes of pages within pages", () => {
  const inner = (page: string): number =>
    costs(`{ blocks(${filter}, last: 10) { nodes { transactions(${page}) { nodes { hash } } } } }`);
  expect(inner("last: 40") - inner("last: 30")).toBe(inner("first: 30") - inner("first: 20"));
  expect(inner("last: 40")).toBeGreaterThan(10 * 40);
});
