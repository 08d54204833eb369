// How the chains of a network spell account addresses, for filters of searches. Imports nothing. Never reads a chain.

/** How one network spells an address. */
interface AccountSpelling {
  /** Whether an address has the network's format, for filters that name no network. */
  readonly recognizes: (address: string) => boolean;
  readonly spell: (address: string) => string;
}

/** Networks whose adapters store an address in another spelling than callers may use. All others store it unchanged. */
const spellings: Readonly<Record<string, AccountSpelling>> = {
  // EIP-55: the case of the digits is only a checksum. The adapter stores lower case.
  ethereum: {
    recognizes: (address) => /^0x[0-9a-f]{40}$/i.test(address),
    spell: (address) => address.toLowerCase(),
  },
};

/** Returns an address as the adapters of the network store it. Without a network, the format of the address decides. */
export function spellAccount(network: string | undefined, address: string): string {
  const spelling =
    network === undefined
      ? Object.values(spellings).find(({ recognizes }) => recognizes(address))
      : Object.hasOwn(spellings, network)
        ? spellings[network]
        : undefined;
  return spelling === undefined ? address : spelling.spell(address);
}
