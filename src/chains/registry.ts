// The networks of this build: adding one is one line here.
// Imports only domain and the definitions in this folder's networks.
// Never contains a rule of a network: each rule is in the network's own folder.
import type { ChainRef } from "../domain/chain.js";
import type { ChainAdapter } from "./adapter.js";
import { cosmosAdapter } from "./cosmos/adapter.js";
import { demoAdapter } from "./demo/adapter.js";
import { ethereumAdapter } from "./ethereum/adapter.js";

/** Every network that a worker can read, in the order of `--help`. */
export const chainAdapters: readonly ChainAdapter[] = [ethereumAdapter, cosmosAdapter, demoAdapter];

/** The network that `indexer dev` reads if no address is given: it needs no node. */
export const defaultAdapter: ChainAdapter = demoAdapter;

/** Rewrites hashes and addresses as the index stores them. */
export interface ChainNormalizer {
  /** Returns the hash in the spelling of its network; unknown networks keep it unchanged. */
  normalizeHash(chain: Pick<ChainRef, "network">, hash: string): string;
  /**
   * Returns the account in the spelling of its network; unknown networks keep it unchanged. Without a network, every
   * network's rule applies in turn: a rule changes only addresses that have its network's form.
   */
  normalizeAccount(network: string | undefined, account: string): string;
}

/** Creates the rules over a list of networks. */
export function createChainNormalizer(adapters: readonly ChainAdapter[]): ChainNormalizer {
  const byNetwork = new Map(adapters.map((adapter) => [adapter.network, adapter]));
  return {
    normalizeHash: ({ network }, hash) => byNetwork.get(network)?.normalizeHash(hash) ?? hash,
    normalizeAccount(network, account) {
      const applied = network === undefined ? adapters : [byNetwork.get(network)];
      return applied.reduce((text, adapter) => adapter?.normalizeAccount(text) ?? text, account);
    },
  };
}

const registered = createChainNormalizer(chainAdapters);

/** Returns a hash in the spelling of its chain's network; unknown networks keep it unchanged. */
export function normalizeHash(chain: Pick<ChainRef, "network">, hash: string): string {
  return registered.normalizeHash(chain, hash);
}

/** Returns an account in the spelling of its network, or of any network whose form it has if `network` is undefined. */
export function normalizeAccount(network: string | undefined, account: string): string {
  return registered.normalizeAccount(network, account);
}
