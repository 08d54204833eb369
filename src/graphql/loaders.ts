// Batches the reads of the fields of one operation. Imports client and domain. Never outlives its operation.
import DataLoader from "dataloader";
import type { Client } from "../client/port.js";
import type { Block } from "../domain/block.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { ChainRecord } from "../store/port.js";

/** The batched reads of one operation. */
export interface Loaders {
  /** Reads a chain; null if it is not known. */
  chain(chain: ChainRef): Promise<ChainRecord | null>;
  /** Reads the block at a height; null if none is stored. */
  block(chain: ChainRef, height: Height): Promise<Block | null>;
  /** Caches a record that was read without the loader. */
  rememberChain(record: ChainRecord): void;
  /** Drops the cached record of a chain. */
  forget(chain: ChainRef): void;
}

interface BlockKey {
  readonly chain: ChainRef;
  readonly height: Height;
}

/** Creates loaders. With `cache: false` they only batch: a subscription must read again for each event. */
export function createLoaders(client: Client, { cache }: { readonly cache: boolean }): Loaders {
  const chains = new DataLoader<ChainRef, ChainRecord | null, string>((keys) => loadChains(client, keys), {
    cacheKeyFn: chainName,
    cache,
  });
  const blocks = new DataLoader<BlockKey, Block | null, string>((keys) => loadBlocks(client, keys), {
    cacheKeyFn: blockKey,
    cache,
  });
  return {
    chain: (chain) => chains.load(chain),
    block: (chain, height) => blocks.load({ chain, height }),
    rememberChain: (record) => void chains.prime(record.chain, record),
    forget: (chain) => void chains.clear(chain),
  };
}

function blockKey({ chain, height }: BlockKey): string {
  return `${chainName(chain)}/${height}`;
}

async function loadChains(client: Client, keys: readonly ChainRef[]): Promise<(ChainRecord | null)[]> {
  const requested = new Map(keys.map((key) => [chainName(key), key]));
  const [only] = requested.values();
  const records =
    requested.size === 1 && only !== undefined ? [await client.chain(only)] : await client.chains();
  const byName = new Map(
    records.filter((record) => record !== null).map((record) => [chainName(record.chain), record]),
  );
  return keys.map((key) => byName.get(chainName(key)) ?? null);
}

async function loadBlocks(client: Client, keys: readonly BlockKey[]): Promise<(Block | null)[]> {
  const byChain = new Map<string, { readonly chain: ChainRef; readonly heights: Set<Height> }>();
  for (const { chain, height } of keys) {
    const group = byChain.get(chainName(chain)) ?? { chain, heights: new Set() };
    group.heights.add(height);
    byChain.set(chainName(chain), group);
  }
  const found = await Promise.all(
    [...byChain.values()].map(({ chain, heights }) => client.blocksAt(chain, [...heights])),
  );
  const byKey = new Map(found.flat().map((block) => [blockKey(block), block]));
  return keys.map((key) => byKey.get(blockKey(key)) ?? null);
}
