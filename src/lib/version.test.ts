import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { version } from "./version.js";

it("is the version of the package file", () => {
  const file = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(version).toBe(file.version);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});
