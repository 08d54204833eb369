// The store's contract in domain types. Implemented once, over Prisma's schema, for PostgreSQL and PGlite.
// Imports only domain; exposes no rows, SQL or driver errors: failures are IndexerErrors
// (never CHAIN_UNAVAILABLE; retryable OVERLOADED if the database is unreachable or full).
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Coverage } from "../domain/coverage.js";
import type { Height, HeightRange } from "../domain/height.js";
import type { ChunkLease } from "../domain/run.js";
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
import type { RunStore } from "./run-port.js";
import type { ScheduleStore } from "./schedule-port.js";

/** What one commit stores. */
export interface WriteBatch {
  readonly chain: ChainRef;
  /** Whole heights: each is counted as covered by the same commit. */
  readonly heights: readonly BlockData[];
  /** Transactions without the rest of their block: stored, not counted as covered. */
  readonly partialBlocks?: readonly { readonly block: Block; readonly transaction: Transaction }[];
  readonly quarantined?: readonly Quarantined[];
  /** The chunks whose heights this batch stores. If one of the leases is lost, the whole batch is rejected with CONFLICT. */
  readonly progress?: readonly ChunkProgress[];
}

/** Heights of a chunk that a batch completes: stored whole or quarantined. */
export interface ChunkProgress {
  readonly lease: ChunkLease;
  readonly heights: readonly Height[];
  readonly transactions: number;
}

/** What one commit changed. */
export interface WriteResult {
  readonly blocks: number;
  readonly transactions: number;
  /** Heights that held another block before: a reorganisation. */
  readonly replaced: readonly Height[];
  /** Heights that no longer link to their neighbours by parent hash. They left the coverage and are fetched again. */
  readonly unlinked: readonly Height[];
}

/** A stored transaction with the participation derived from its events. */
export interface StoredTransaction extends Transaction, Participation {}

/** The costly properties to read. Without them `events` is empty, `raw` and `rawLog` are absent. */
export type TransactionColumns = Readonly<Record<"events" | "raw" | "rawLog", boolean>>;

/** Stored state of a chain. */
export interface ChainRecord {
  readonly chain: ChainRef;
  /** The lowest stored height. */
  readonly firstHeight?: Height;
  /** The highest stored block. */
  readonly head?: Block;
  readonly networkHead?: { readonly height: Height; readonly hash?: string; readonly observedAt: UnixNanos };
  /** Following fills gaps from this height on. */
  readonly followFrom?: Height;
  /** Heights and transactions in quarantine. */
  readonly quarantined: number;
}

/** One announced commit on one chain: the heights whose data changed. */
export interface Announcement {
  readonly chain: ChainRef;
  /** 1, 2, 3, … within the chain, in the order of the commits. */
  readonly sequence: bigint;
  readonly heights: readonly HeightRange[];
}

/** Stores and reads blocks, transactions, coverage and announcements. */
export interface Store extends RunStore, ScheduleStore {
  /** `postgres` or `pglite`: shown as Manager.database. */
  readonly kind: string;

  /** Stores a batch in one transaction, idempotently: the same batch twice changes nothing and announces nothing. */
  write(batch: WriteBatch): Promise<WriteResult>;

  chains(network?: string): Promise<readonly ChainRecord[]>;
  chain(chain: ChainRef): Promise<ChainRecord | null>;
  /** Creates the chain if needed and stores its network head, observed now. */
  saveNetworkHead(chain: ChainRef, head: { readonly height: Height; readonly hash?: string }): Promise<void>;
  /** Creates the chain if needed and stores the height to follow from. The first call wins; returns the stored height. */
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

  /** Heights stored completely, block and all transactions, as ascending merged ranges. */
  indexed(chain: ChainRef, range?: Partial<HeightRange>): Promise<readonly HeightRange[]>;
  /** The range minus the indexed heights; does not scan complete ranges. */
  missing(chain: ChainRef, range: HeightRange): Promise<readonly HeightRange[]>;
  /** The missing heights of a range that are not in quarantine either: the work that is left. */
  unfinished(chain: ChainRef, range: HeightRange): Promise<readonly HeightRange[]>;
  /** Compares stored rows of a range with each block's transaction count; mismatching heights leave the coverage. */
  verifyCoverage(chain: ChainRef, range: HeightRange): Promise<Coverage>;
  /** Removes heights from the coverage, so that they are fetched again. */
  invalidate(chain: ChainRef, ranges: readonly HeightRange[]): Promise<void>;

  /** Heights above `after` that are, or hold a transaction that is, in quarantine: ascending, at most `limit`. */
  quarantinedHeights(chain: ChainRef, after: Height, limit: number): Promise<readonly Height[]>;

  /** The newest sequence of each chain, to start listening from. */
  latestSequences(): Promise<ReadonlyMap<string, bigint>>;
  /** Announcements after the given sequences (by chainName; a chain that is not in the map from its first), at most `limit`, in order per chain. */
  announcements(after: ReadonlyMap<string, bigint>, limit: number): Promise<readonly Announcement[]>;
  /** Deletes announcements older than this many seconds. */
  trimAnnouncements(olderThanSeconds: number): Promise<void>;

  /** Resolves if the database is reachable and fully migrated; otherwise rejects with the reason. */
  ready(): Promise<void>;
  close(): Promise<void>;
}
