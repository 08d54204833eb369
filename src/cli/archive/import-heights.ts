// Stores the heights of an archive in batches. A height that is complete with the same block hash is skipped.
// Imports only domain and the store's port.
// Never stores an incomplete height: the store checks each.
import { chainName, type ChainRef } from "../../domain/chain.js";
import { rangesFromHeights, type Height } from "../../domain/height.js";
import type { BlockData } from "../../domain/transaction.js";
import type { Store } from "../../store/port.js";

/** What an import did. */
export interface ImportTotals {
  /** Heights read from the archive. */
  readonly heights: number;
  /** Heights stored, new or replaced. */
  readonly stored: number;
  readonly transactions: number;
  /** Heights that were complete before. */
  readonly skipped: number;
}

/** Options of `importHeights`. */
export interface ImportOptions {
  readonly store: Pick<Store, "write" | "indexed" | "blocksAt">;
  /** Stores heights again that are complete already. */
  readonly overwrite: boolean;
  /** Receives the totals after each commit. */
  readonly onProgress: (totals: ImportTotals) => void;
}

/** Blocks and transactions of one commit. */
const rowsPerCommit = 2_000;

/** Stores all heights. Heights of one chain should be consecutive in the archive: a change of chain ends a commit. */
export async function importHeights(
  heights: AsyncIterable<BlockData>,
  { store, overwrite, onProgress }: ImportOptions,
): Promise<ImportTotals> {
  let totals: ImportTotals = { heights: 0, stored: 0, transactions: 0, skipped: 0 };
  let batch: BlockData[] = [];
  let rows = 0;

  const commit = async (): Promise<void> => {
    const [first] = batch;
    if (first === undefined) return;
    const { chain } = first.block;
    const complete = overwrite ? new Set<Height>() : await completeHeights(store, chain, batch);
    const wanted = batch.filter(({ block }) => !complete.has(block.height));
    const result =
      wanted.length === 0 ? { blocks: 0, transactions: 0 } : await store.write({ chain, heights: wanted });
    totals = {
      heights: totals.heights + batch.length,
      stored: totals.stored + result.blocks,
      transactions: totals.transactions + result.transactions,
      skipped: totals.skipped + complete.size,
    };
    batch = [];
    rows = 0;
    onProgress(totals);
  };

  const seen = new Set<string>();
  for await (const data of heights) {
    const name = `${chainName(data.block.chain)} ${data.block.height}`;
    const chainChanges = batch[0] !== undefined && !isSameChain(batch[0], data);
    // A commit holds a height once.
    if (chainChanges || seen.has(name) || rows >= rowsPerCommit) {
      await commit();
      seen.clear();
    }
    seen.add(name);
    batch.push(data);
    rows += data.transactions.length + 1;
  }
  await commit();
  return totals;
}

function isSameChain(a: BlockData, b: BlockData): boolean {
  return chainName(a.block.chain) === chainName(b.block.chain);
}

/** The heights of a batch that are stored completely, with the same block. */
async function completeHeights(
  store: Pick<Store, "indexed" | "blocksAt">,
  chain: ChainRef,
  batch: readonly BlockData[],
): Promise<Set<Height>> {
  const heights = batch.map(({ block }) => block.height);
  const ranges = rangesFromHeights(heights);
  const [from, to] = [ranges[0]?.from ?? 0, ranges.at(-1)?.to ?? 0];
  const indexed = await store.indexed(chain, { from, to });
  if (indexed.length === 0) return new Set();
  const stored = new Map(
    (await store.blocksAt(chain, heights)).map(({ height, hash }) => [height, hash] as const),
  );
  return new Set(
    batch.flatMap(({ block: { height, hash } }) =>
      stored.get(height) === hash && indexed.some((range) => range.from <= height && height <= range.to)
        ? [height]
        : [],
    ),
  );
}
