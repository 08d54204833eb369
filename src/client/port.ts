// Everything the system can do, as one interface for those who show it: GraphQL, HTTP, the command line.
// Imports only levels below; knows no HTTP, GraphQL, gRPC or SQL word.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Coverage } from "../domain/coverage.js";
import type { ErrorCode } from "../domain/errors.js";
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
import type { WorkerStatus } from "../domain/worker.js";
import type { ChainRecord, StoredTransaction, TransactionColumns } from "../store/port.js";

/** What to fetch: a range of heights, or one transaction by its hash. */
export type FetchTarget = { readonly heights: HeightRange } | { readonly hash: string };

export interface FetchRequest {
  readonly chain: ChainRef;
  readonly target: FetchTarget;
  /** Names the caller, so that many callers share the workers fairly. */
  readonly caller: string;
  /** Heights one request may name; more is BAD_USER_INPUT with `limit` and `actual`. */
  readonly maxHeights: number;
}

/** FetchAccepted, then parts with order 0, 1, 2, …, then exactly one final. */
export type FetchEvent = FetchAccepted | FetchPart | FetchFinal;

export interface FetchAccepted {
  readonly kind: "accepted";
  readonly fetchId: string;
  readonly tasks: number;
  /** Ids of the workers that serve the chain now. */
  readonly workers: readonly string[];
}

/** One part, told after it is stored. */
export interface FetchPart {
  readonly kind: "part";
  readonly fetchId: string;
  readonly order: number;
  readonly worker: string;
  readonly blocks: readonly Block[];
  readonly transactions: readonly StoredTransaction[];
  /** Share of the asked heights that is stored, from 0 to 1. */
  readonly progress: number;
}

export interface FetchFinal {
  readonly kind: "final";
  readonly fetchId: string;
  readonly status: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly parts: number;
  readonly blockCount: number;
  readonly transactionCount: number;
  readonly durationMs: number;
  readonly error?: WorkFailure;
}

/** Why work failed; what was stored until then stays. */
export interface WorkFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly height?: Height;
}

/** What one step of following the head did. */
export interface FollowResult {
  readonly blocks: number;
  readonly transactions: number;
  /** The highest stored block after the step. */
  readonly head?: Block;
  /** True where heights below the network's head are still missing: ask again at once. */
  readonly behind: boolean;
}

export interface Client {
  chains(network?: string): Promise<readonly ChainRecord[]>;
  chain(chain: ChainRef): Promise<ChainRecord | null>;
  /** Waits up to 5 s until the chain is stored that far; else throws NOT_YET_INDEXED with the height that is there. */
  waitForHeight(chain: ChainRef, height: Height, signal?: AbortSignal): Promise<void>;

  blocksAt(chain: ChainRef, heights: readonly Height[]): Promise<readonly Block[]>;
  blockByHash(chain: ChainRef, hash: string): Promise<Block | null>;
  blocks(filter: BlockFilter, page: PageRequest<BlockPosition>): Promise<Page<Block>>;
  countBlocks(filter: BlockFilter, exact: boolean): Promise<Count>;

  transactionByHash(
    chain: ChainRef,
    hash: string,
    columns: TransactionColumns,
  ): Promise<StoredTransaction | null>;
  transactions(
    filter: TransactionFilter,
    page: PageRequest<TransactionPosition>,
    columns: TransactionColumns,
  ): Promise<Page<StoredTransaction>>;
  countTransactions(filter: TransactionFilter, exact: boolean): Promise<Count>;

  indexed(chain: ChainRef, range?: Partial<HeightRange>): Promise<readonly HeightRange[]>;
  /** Counts the range anew; what does not match leaves the index, to be fetched again. */
  coverage(chain: ChainRef, range: HeightRange): Promise<Coverage>;

  /**
   * Fetches through the workers, stores, and tells each part once it is stored. A wrong request throws before the first
   * event; a failure of the work is told by the final. Leaving the iteration or aborting cancels the work at the workers.
   */
  fetch(request: FetchRequest, signal: AbortSignal): AsyncIterable<FetchEvent>;
  /** Fetches what is new since the last known block, filling from below; safe to ask twice at once: both get the same step. */
  followLatest(chain: ChainRef, maxHeights: number, signal: AbortSignal): Promise<FollowResult>;

  /** Asks again for heights in quarantine, the next ones with each call; those that can be read by now leave it. Resolves with how many came. */
  retryQuarantined(chain: ChainRef, maxHeights: number, signal: AbortSignal): Promise<number>;

  workers(filter?: Partial<ChainRef>): readonly WorkerStatus[];

  /** Blocks as they are stored from now on, by whichever manager, each once, in order of its chain. */
  watchBlocks(chain: ChainRef | undefined, signal: AbortSignal): AsyncIterable<Block>;
  /** Transactions as they are stored from now on, that match; hash, blockHash and memo are BAD_USER_INPUT here. */
  watchTransactions(
    filter: TransactionFilter,
    columns: TransactionColumns,
    signal: AbortSignal,
  ): AsyncIterable<StoredTransaction>;
  /** The workers' state at once, then at each change, at most 4 a second each. */
  watchWorkers(filter: Partial<ChainRef>, signal: AbortSignal): AsyncIterable<WorkerStatus>;

  /** Resolves when requests can be served; else rejects with the reason. */
  ready(): Promise<void>;
  readonly database: string;
  readonly pubsub: string;
}
