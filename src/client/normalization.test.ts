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

describe("normalizeFilter", () => {
  const calls: unknown[][] = [];
  const marking = {
    normalizeHash: (chain: { network: string }, hash: string) => (calls.push([chain, hash]), `h:${hash}`),
    normalizeAccount: (network: string | undefined, account: string) => `${network}:${account}`,
  };

  it("rewrites each hash and each list of accounts, and nothing else", () => {
    const filter = {
      network: "n",
      chainIds: ["c"],
      types: { any: ["send"] },
      memo: "x",
      hash: "1",
      blockHash: "2",
      accounts: { any: ["a", "b"] },
      senders: { all: ["c", "d"] },
      recipients: { any: [] },
    };
    const before = structuredClone(filter);
    expect(normalizeFilter(filter, marking)).toEqual({
      ...filter,
      hash: "h:1",
      blockHash: "h:2",
      accounts: { any: ["n:a", "n:b"] },
      senders: { all: ["n:c", "n:d"] },
      recipients: { any: [] },
    });
    expect(calls).toEqual([
      [{ network: "n" }, "1"],
      [{ network: "n" }, "2"],
    ]);
    expect(filter).toEqual(before);
  });

  it("adds no field to a filter", () => {
    expect(Object.keys(normalizeFilter({ memo: "x" }, marking))).toEqual(["memo"]);
    expect(Object.keys(normalizeFilter({ senders: { any: ["a"] } }, marking))).toEqual(["senders"]);
  });

  it("keeps hashes and rewrites accounts without a network", () => {
    const filter = { hash: "1", blockHash: "2", recipients: { all: ["a"] } };
    expect(normalizeFilter(filter, marking)).toEqual({
      hash: "1",
      blockHash: "2",
      recipients: { all: ["undefined:a"] },
    });
  });
});
