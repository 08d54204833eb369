import { describe, expect, it } from "vitest";
import { normalizeAccount, normalizeHash } from "../chains/registry.js";
import { normalizeFilter } from "./normalization.js";

const normalizer = { normalizeHash, normalizeAccount };

const address = "0xAbCdefAbCdefAbCdefAbCdefAbCdefAbCdefAbCd";
const lower = address.toLowerCase();

describe("the accounts of a filter", () => {
  it("are in lower case for Ethereum", () => {
    const filter = { network: "ethereum", accounts: { any: [address] } };
    expect(normalizeFilter(filter, normalizer)).toEqual({
      network: "ethereum",
      accounts: { any: [lower] },
    });
  });

  it("are in lower case without a network if they have the format of Ethereum", () => {
    const filter = { senders: { all: [address, "cosmos1ABC"] }, hasErrors: false };
    expect(normalizeFilter(filter, normalizer)).toEqual({
      senders: { all: [lower, "cosmos1ABC"] },
      hasErrors: false,
    });
  });

  it("are normalized together with the hashes, which need a network", () => {
    const hash = `0x${"AB".repeat(32)}`;
    expect(normalizeFilter({ network: "ethereum", hash, blockHash: hash }, normalizer)).toEqual({
      network: "ethereum",
      hash: hash.toLowerCase(),
      blockHash: hash.toLowerCase(),
    });
    expect(normalizeFilter({ hash }, normalizer)).toEqual({ hash });
  });

  it("are unchanged for other networks", () => {
    for (const network of ["cosmos", "constructor"]) {
      const filter = { network, recipients: { any: [address] } };
      expect(normalizeFilter(filter, normalizer)).toEqual(filter);
    }
  });
});
