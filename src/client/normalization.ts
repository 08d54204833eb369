// Rewrites hashes and addresses of callers into the spelling that the index stores.
// Imports only domain. The manager injects the rules of the networks.
import type { ChainRef } from "../domain/chain.js";
import type { ListFilter, TransactionFilter } from "../domain/search.js";

/** The spelling rules of all networks. An unknown network keeps its texts unchanged. */
export interface Normalizer {
  normalizeHash(chain: Pick<ChainRef, "network">, hash: string): string;
  /** Without a network, the format of the address decides. */
  normalizeAccount(network: string | undefined, account: string): string;
}

/** Returns the filter with hashes and addresses as the index stores them. Hashes need a network to be rewritten. */
export function normalizeFilter(filter: TransactionFilter, normalizer: Normalizer): TransactionFilter {
  const { network, hash, blockHash, accounts, senders, recipients } = filter;
  const hashOf = (text: string): string =>
    network === undefined ? text : normalizer.normalizeHash({ network }, text);
  const accountsOf = (list: ListFilter): ListFilter => {
    const normalized = (addresses: readonly string[]): string[] =>
      addresses.map((address) => normalizer.normalizeAccount(network, address));
    return "any" in list ? { any: normalized(list.any) } : { all: normalized(list.all) };
  };
  return {
    ...filter,
    ...(hash !== undefined && { hash: hashOf(hash) }),
    ...(blockHash !== undefined && { blockHash: hashOf(blockHash) }),
    ...(accounts !== undefined && { accounts: accountsOf(accounts) }),
    ...(senders !== undefined && { senders: accountsOf(senders) }),
    ...(recipients !== undefined && { recipients: accountsOf(recipients) }),
  };
}
