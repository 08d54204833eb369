// A chain and its name. Pure values; imports nothing of this project; never does I/O.

/** One chain: the network it belongs to (`cosmos`) and its own id (`cosmoshub-4`). Passed as one value everywhere. */
export interface ChainRef {
  readonly network: string;
  readonly chainId: string;
}

/** Returns the name of a chain for maps, logs and messages: `cosmos/cosmoshub-4`. */
export function chainName(chain: ChainRef): string {
  return `${chain.network}/${chain.chainId}`;
}

/** Whether two references name the same chain. */
export function sameChain(a: ChainRef, b: ChainRef): boolean {
  return a.network === b.network && a.chainId === b.chainId;
}

/** The newest block that a node reports for its chain. */
export interface ChainHead {
  readonly height: number;
  readonly hash?: string;
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  readonly time?: bigint;
  /** The lowest height of the node: the chain's first height, or a higher one if the node is pruned. */
  readonly earliest?: number;
}
