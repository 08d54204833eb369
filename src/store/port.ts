// What is remembered, in domain words. Implemented once, over Prisma's schema, for PostgreSQL and PGlite.
// Imports only domain; never shows a row, an SQL word or a driver's error: failures are IndexerErrors
// (CHAIN_UNAVAILABLE never; OVERLOADED where the database cannot be reached or is full, retryable).
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Coverage } from "../domain/coverage.js";
import type { Height, HeightRange } from "../domain/height.js";
import type {
  BlockFilter,
  BlockPosition,
  Count,
  Page,
  PageRequest,
  TransactionFilter,
  TransactionPosition,
} from "../domain/search.js";
import type { Quarantined } from "../domain/task.js";
import type { UnixNanos } from "../domain/time.js";
import type { BlockData, Participation, Transaction } from "../domain/transaction.js";

/** What one commit stores. */
export interface WriteBatch {
  readonly chain: ChainRef;
  /** Whole heights: each is counted as covered by the same commit. */
  readonly heights: readonly BlockData[];
  /** Transactions without the rest of their block: stored, not counted as covered. */
  readonly partialBlocks?: readonly { readonly block: Block; readonly transaction: Transaction }[];
  readonly quarantined?: readonly Quarantined[];
}

/** What one commit changed. */
export interface WriteResult {
  readonly blocks: number;
  readonly transactions: number;
  /** Heights that held another block before: a reorganisation. */
  readonly replaced: readonly Height[];
  /** Heights that no longer fit their neighbours by parent hash: out of coverage now, to be fetched again. */
  readonly unlinked: readonly Height[];
}

/** A stored transaction: as the worker made it, with what follows from its events. */
export interface StoredTransaction extends Transaction, Participation {}

/** The costly properties to read. Without them `events` is empty, `raw` and `rawLog` are absent. */
export type TransactionColumns = Readonly<Record<"events" | "raw" | "rawLog", boolean>>;

export interface ChainRecord {
  readonly chain: ChainRef;
  /** The lowest stored height. */
  readonly firstHeight?: Height;
  /** The highest stored block. */
  readonly head?: Block;
  readonly networkHead?: { readonly height: Height; readonly hash?: string; readonly observedAt: UnixNanos };
  /** From where the head is followed: gaps from here on are filled by following. */
  readonly followFrom?: Height;
  /** Heights and transactions in quarantine. */
  readonly quarantined: number;
}

/** One commit on one chain, as announced: which heights now hold other data than before. */
export interface Announcement {
  readonly chain: ChainRef;
  /** 1, 2, 3, … within the chain, in the order of the commits. */
  readonly sequence: bigint;
  readonly heights: readonly HeightRange[];
}

export interface Store {
  /** `postgres` or `pglite`: shown as Manager.database. */
  readonly kind: string;

  /** Stores a batch in one transaction, idempotently: the same batch twice changes nothing and announces nothing. */
  write(batch: WriteBatch): Promise<WriteResult>;

  chains(network?: string): Promise<readonly ChainRecord[]>;
  chain(chain: ChainRef): Promise<ChainRecord | null>;
  /** Makes the chain known and remembers what its network's newest block is, as seen now. */
  saveNetworkHead(chain: ChainRef, head: { readonly height: Height; readonly hash?: string }): Promise<void>;
  /** Makes the chain known and remembers from where its head is followed. The first caller decides; answers what holds. */
  startFollowing(chain: ChainRef, from: Height): Promise<Height>;

  blocksAt(chain: ChainRef, heights: readonly Height[]): Promise<readonly Block[]>;
  blockByHash(chain: ChainRef, hash: string): Promise<Block | null>;
  blocks(filter: BlockFilter, page: PageRequest<BlockPosition>): Promise<Page<Block>>;
  countBlocks(filter: BlockFilter, exact: boolean): Promise<Count>;

  /** The newest stored transaction of this hash. */
  transactionByHash(
    chain: ChainRef,
    hash: string,
    columns: TransactionColumns,
  ): Promise<StoredTransaction | null>;
  /** Every stored transaction of these heights, ascending by (height, index). */
  transactionsAt(
    chain: ChainRef,
    heights: readonly HeightRange[],
    columns: TransactionColumns,
  ): Promise<readonly StoredTransaction[]>;
  transactions(
    filter: TransactionFilter,
    page: PageRequest<TransactionPosition>,
    columns: TransactionColumns,
  ): Promise<Page<StoredTransaction>>;
  countTransactions(filter: TransactionFilter, exact: boolean): Promise<Count>;

  /** Heights whose block and all of whose transactions are stored, as few ranges as describe them, ascending. */
  indexed(chain: ChainRef, range?: Partial<HeightRange>): Promise<readonly HeightRange[]>;
  /** The range minus what is indexed: never scans what is complete. */
  missing(chain: ChainRef, range: HeightRange): Promise<readonly HeightRange[]>;
  /** Counts what is stored of a range against each block's own number; what does not match leaves the coverage. */
  verifyCoverage(chain: ChainRef, range: HeightRange): Promise<Coverage>;
  /** Takes heights out of coverage, so that they are fetched again. */
  invalidate(chain: ChainRef, ranges: readonly HeightRange[]): Promise<void>;

  /** Heights above `after` that are, or hold a transaction that is, in quarantine: ascending, at most `limit`. */
  quarantinedHeights(chain: ChainRef, after: Height, limit: number): Promise<readonly Height[]>;

  /** The newest sequence of each chain, to start listening from. */
  latestSequences(): Promise<ReadonlyMap<string, bigint>>;
  /** Announcements after the given sequences (by chainName; a chain that is not in the map from its first), at most `limit`, in order per chain. */
  announcements(after: ReadonlyMap<string, bigint>, limit: number): Promise<readonly Announcement[]>;
  /** Forgets announcements older than this many seconds. */
  trimAnnouncements(olderThanSeconds: number): Promise<void>;

  /** Resolves when the database answers and all migrations are in; else rejects with the reason. */
  ready(): Promise<void>;
  close(): Promise<void>;
}
