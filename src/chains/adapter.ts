// The definition of one network: everything that the rest of the product knows about it.
// Imports only domain, lib and this folder.
// Never names a network: each network's folder exports one definition, and `registry.ts` lists them.
import type { Settings, SettingValues } from "../lib/config.js";
import type { Logger } from "../lib/logger.js";
import type { ChainReader } from "./port.js";

/** What opening a chain needs from its process. */
export interface OpenDeps {
  readonly logger: Logger;
  /** Ends the wait for a node. */
  readonly signal: AbortSignal;
  /** Receives the reason why the chain is not open yet: soon after the start, then each time that the reason changes. */
  onWaiting?(reason: string): void;
}

/** How `indexer dev` follows a chain of this network at an address: `--<network> <placeholder>`. */
export interface DevOption {
  /** The name of the flag's value in `--help`, for example `url`. */
  readonly placeholder: string;
  /** The flag's line in `--help`. */
  readonly description: string;
  /** Returns the settings, by their names, that open the chain at the address. Rejects if the address is unusable. */
  settingsOf(
    address: string,
    deps: OpenDeps,
  ): Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;
}

/** One network. `S` is its table of settings; the registry holds adapters of any table. */
export interface ChainAdapter<S extends Settings = Settings> {
  /** The network's name in `ChainRef.network` and in `indexer worker <network>`: lower case, permanent. */
  readonly network: string;
  /** The description of `indexer worker <network>` in `--help`. */
  readonly description: string;
  /** Settings of a worker of this network, in addition to those of every worker. */
  readonly settings: S;
  /** Absent if `indexer dev` cannot follow a chain of this network at an address. */
  readonly dev?: DevOption;
  /** Opens the chain; waits for a node if the chain id is not configured. Rejects if the settings are unusable or on abort. */
  open(config: SettingValues<S>, deps: OpenDeps): Promise<ChainReader>;
  /** Returns the hash of a block or transaction as the index stores it; text that is not a hash stays unchanged. */
  normalizeHash(hash: string): string;
  /** Returns an account's address as the index stores it; text that is not an address stays unchanged. */
  normalizeAccount(account: string): string;
}

/** Keeps the exact type of the settings, so that `open` receives typed values. */
export function defineChain<const S extends Settings>(adapter: ChainAdapter<S>): ChainAdapter<S> {
  return adapter;
}
