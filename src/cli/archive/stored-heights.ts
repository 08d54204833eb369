// Reads whole heights from a store in ascending order, a bounded number of transactions at a time.
// Imports only domain and the store's port.
// Never returns an incomplete height.
import type { Block } from "../../domain/block.js";
import { chainName, type ChainRef } from "../../domain/chain.js";
import { IndexerError } from "../../domain/errors.js";
import { splitRanges, type HeightRange } from "../../domain/height.js";
import type { BlockData } from "../../domain/transaction.js";
import type { Store } from "../../store/port.js";

/** Blocks of one read. */
const blocksPerRead = 500;
/** Transactions of one read; a block with more is read alone. */
const transactionsPerRead = 500;
/** Reads of a height that changes between its block and its transactions: a reorganisation replaces it. */
const attempts = 5;

/** Yields the whole heights of ascending ranges. */
export async function* readStoredHeights(
  store: Pick<Store, "blocksAt" | "transactionsAt">,
  chain: ChainRef,
  ranges: readonly HeightRange[],
): AsyncGenerator<BlockData> {
  for (const { from, to } of splitRanges(ranges, blocksPerRead)) {
    const heights = Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
    const blocks = await store.blocksAt(chain, heights);
    for (const group of groupBlocks(blocks)) yield* await readGroup(store, chain, group);
  }
}

/** Groups consecutive blocks by the number of transactions that they state. */
function groupBlocks(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  let size = 0;
  for (const block of blocks) {
    const last = groups.at(-1);
    if (last === undefined || size + block.transactionCount > transactionsPerRead) {
      groups.push([block]);
      size = 0;
    } else last.push(block);
    size += block.transactionCount;
  }
  return groups;
}

async function readGroup(
  store: Pick<Store, "blocksAt" | "transactionsAt">,
  chain: ChainRef,
  group: readonly Block[],
): Promise<BlockData[]> {
  const columns = { events: true, raw: true, rawLog: true };
  const ranges = group.map(({ height }) => ({ from: height, to: height }));
  let blocks = group;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const transactions = await store.transactionsAt(chain, ranges, columns);
    const heights = blocks.map((block): BlockData => {
      const own = transactions.filter(({ height }) => height === block.height);
      return { block, transactions: own };
    });
    if (heights.every(isWhole)) return heights;
    blocks = await store.blocksAt(
      chain,
      group.map(({ height }) => height),
    );
  }
  const [first] = group;
  throw new IndexerError(
    "CONFLICT",
    `Heights from ${first?.height} of ${chainName(chain)} are not whole. Find out with 'indexer check --deep', then export again.`,
  );
}

function isWhole({ block, transactions }: BlockData): boolean {
  return (
    transactions.length === block.transactionCount &&
    transactions.every(({ blockHash, index }, position) => blockHash === block.hash && index === position)
  );
}
