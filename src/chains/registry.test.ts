// Normalization of hashes and accounts by network; no file outside a network's folder branches on the network.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { managerSettings } from "../manager/config.js";
import { workerSettings } from "../worker/config.js";
import { chainAdapters, normalizeAccount, normalizeHash } from "./registry.js";

const digits = "AbCdEf0123456789".repeat(4);
const address = "0xAbCdEf0123456789AbCdEf0123456789AbCdEf01";

describe("normalization", () => {
  it.each([
    ["ethereum", `0x${digits}`, `0x${digits.toLowerCase()}`],
    ["ethereum", `0X${digits}`, `0x${digits.toLowerCase()}`],
    ["ethereum", digits, digits],
    ["ethereum", `0x${digits}0`, `0x${digits}0`],
    ["cosmos", digits, digits.toUpperCase()],
    ["cosmos", `0x${digits}`, digits.toUpperCase()],
    ["cosmos", `${digits}0`, `${digits}0`],
    ["demo", digits, digits.toLowerCase()],
    ["other", digits, digits],
  ])("maps a hash of %s: %s to %s", (network, text, expected) => {
    expect(normalizeHash({ network }, text)).toBe(expected);
  });

  it.each([
    ["ethereum", address, address.toLowerCase()],
    ["ethereum", `${address}0`, `${address}0`],
    [undefined, address, address.toLowerCase()],
    ["cosmos", address, address],
    [undefined, "Cosmos1ABC", "Cosmos1ABC"],
    ["other", address, address],
  ])("maps an account of %s: %s to %s", (network, text, expected) => {
    expect(normalizeAccount(network, text)).toBe(expected);
  });
});

describe("the registry", () => {
  it("lists each network once, with setting names and keys unique within a command", () => {
    const networks = chainAdapters.map(({ network }) => network);
    expect(new Set(networks).size).toBe(networks.length);
    for (const { settings } of chainAdapters) {
      const names = Object.values(settings).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      const others = [...Object.keys(workerSettings), ...Object.keys(managerSettings)];
      expect(Object.keys(settings).filter((key) => others.includes(key))).toEqual([]);
    }
  });

  it("is the only file outside a network's folder that may branch on a network", () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (path) => /\.ts$/.test(path) && !/\.test\.ts$/.test(path) && !/^(testing|generated)\//.test(path),
    );
    const comparisons = paths
      .filter((path) => !chainAdapters.some(({ network }) => path.startsWith(`chains/${network}/`)))
      .filter((path) => {
        const source = readFileSync(join(root, path), "utf8");
        return chainAdapters.some(({ network }) =>
          new RegExp(`[!=]== "${network}"|case "${network}"`).test(source),
        );
      });
    expect(comparisons).toEqual([]);
  });
});
