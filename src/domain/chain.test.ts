import { expect, it } from "vitest";
import { chainName, sameChain } from "./chain.js";

const hub = { network: "cosmos", chainId: "cosmoshub-4" };

it("names a chain by its network and its id", () => {
  expect(chainName(hub)).toBe("cosmos/cosmoshub-4");
});

it.each([
  [{ ...hub }, true],
  [{ ...hub, network: "other" }, false],
  [{ ...hub, chainId: "other" }, false],
  [{ network: "other", chainId: "other" }, false],
])("compares the network and the id of a chain: %j", (other, same) => {
  expect(sameChain(hub, other)).toBe(same);
  expect(sameChain(other, hub)).toBe(same);
});
