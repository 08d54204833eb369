import { describe, expect, it } from "vitest";
import { spellAccount } from "../chains/account-spelling.js";
import { spellFilter } from "./filter-spelling.js";

const address = "0xAbCdefAbCdefAbCdefAbCdefAbCdefAbCdefAbCd";
const lower = address.toLowerCase();

describe("the accounts of a filter", () => {
  it("are in lower case for Ethereum", () => {
    const filter = { network: "ethereum", accounts: { any: [address, "0xABC"] } };
    expect(spellFilter(filter, spellAccount)).toEqual({
      network: "ethereum",
      accounts: { any: [lower, "0xabc"] },
    });
  });

  it("are in lower case without a network if they have the format of Ethereum", () => {
    const filter = { senders: { all: [address, "cosmos1ABC"] }, hasErrors: false };
    expect(spellFilter(filter, spellAccount)).toEqual({
      senders: { all: [lower, "cosmos1ABC"] },
      hasErrors: false,
    });
  });

  it("are unchanged for other networks", () => {
    for (const network of ["cosmos", "constructor"]) {
      const filter = { network, recipients: { any: [address] } };
      expect(spellFilter(filter, spellAccount)).toEqual(filter);
    }
  });
});
