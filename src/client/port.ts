// The client: all use cases as one interface for GraphQL, HTTP and the command line.
// Imports only levels below.
// Never names a term of HTTP, GraphQL, gRPC or SQL.
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { Coverage } from "../domain/coverage.js";
import type { Height, HeightRange } from "../domain/height.js";
import type { Run, RunFilter, RunPosition } from "../domain/run.js";
import type { Schedule, ScheduleDefinition } from "../domain/schedule.js";
import type {
  BlockFilter,
  BlockPosition,
  Count,
  Page,
  PageRequest,
  TransactionFilter,
  TransactionPosition,
} from "../domain/search.js";
import type { WorkFailure } from "../domain/work-failure.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { ChainRecord, StoredTransaction, TransactionColumns } from "../store/port.js";
import type { NewRun } from "../store/run-port.js";

/** What to fetch: a range of heights, or one transaction by its hash. */
export type FetchTarget = { readonly heights: HeightRange } | { readonly hash: string };

/** One fetch of one caller. */
export interface FetchRequest {
  readonly chain: ChainRef;
  readonly target: FetchTarget;
  /** Names the caller, so that all callers get an equal share of the workers. */
  readonly caller: string;
  /** The maximum of heights in the target; a larger target throws BAD_USER_INPUT with `limit` and `actual`. */
  readonly maxHeights: number;
}

/** FetchAccepted, then parts with order 0, 1, 2, …, then exactly one final. */
export type FetchEvent = FetchAccepted | FetchPart | FetchFinal;

/** The first event of a fetch. */
export interface FetchAccepted {
  readonly kind: "accepted";
  readonly fetchId: string;
  readonly tasks: number;
  /** Ids of the online workers of the chain. */
  readonly workers: readonly string[];
}

/** One part, reported after its commit. */
export interface FetchPart {
  readonly kind: "part";
  readonly fetchId: string;
  readonly order: number;
  readonly worker: string;
  readonly blocks: readonly Block[];
  readonly transactions: readonly StoredTransaction[];
  /** Share of the requested heights that is stored, from 0 to 1. */
  readonly progress: number;
}

/** The last event of a fetch, with the totals of its parts. */
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

/** The result of one step of following the head. */
export interface FollowResult {
  readonly blocks: number;
  readonly transactions: number;
  /** The highest stored block after the step. */
  readonly head?: Block;
  /** Whether heights up to the network's head are still missing: start the next step at once. */
  readonly behind: boolean;
  /** Whether a step goes on, at another manager or for longer than this call waits. Then the numbers of stored data are 0. */
  readonly processing: boolean;
}

/** One step of following the head of a chain. */
export interface ScrapeRequest {
  readonly chain: ChainRef;
  /** The most heights to fetch, 1 to 100,000; the manager's setting by default. */
  readonly maxHeights?: number;
}

/** All use cases. Failures are IndexerErrors. */
export interface Client {
  chains(network?: string): Promise<readonly ChainRecord[]>;
  chain(chain: ChainRef): Promise<ChainRecord | null>;
  /** Waits at most 5 s until the chain is stored up to the height; throws NOT_YET_INDEXED with the stored height otherwise. */
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
  /** Counts the stored data of a range. Heights with wrong counts leave the coverage and are fetched again. */
  coverage(chain: ChainRef, range: HeightRange): Promise<Coverage>;

  /**
   * Fetches through the workers and reports each part after its commit. An invalid request throws before the first event; a
   * failure of the work is reported in the final. To cancel, abort the signal, or end the iteration between two events.
   */
  fetch(request: FetchRequest, signal: AbortSignal): AsyncIterable<FetchEvent>;
  /**
   * Runs one step of following the head: fetches the lowest missing heights. Concurrent calls share one step. Waits at most 25 s
   * for it, then returns the stored head with `processing`.
   */
  scrapeLatest(request: ScrapeRequest, signal: AbortSignal): Promise<FollowResult>;

  /** Creates the schedule of this task id or replaces its definition. An invalid definition throws BAD_USER_INPUT. */
  saveSchedule(definition: ScheduleDefinition): Promise<Schedule>;
  /** Deletes a schedule. Throws NOT_FOUND if it does not exist. */
  removeSchedule(id: string): Promise<void>;
  /** Null if it does not exist. */
  schedule(id: string): Promise<Schedule | null>;
  /** All schedules, by task id. */
  schedules(): Promise<readonly Schedule[]>;

  /** Fetches the next quarantined heights again. Resolves with the number of heights that are whole now. */
  retryQuarantined(chain: ChainRef, maxHeights: number, signal: AbortSignal): Promise<number>;

  /** Starts a durable backfill, or returns the live run of the same mode that covers its heights. */
  startRun(run: NewRun): Promise<{ readonly run: Run; readonly existing: boolean }>;
  /** Cancels a run; an ended run stays as it is. Throws NOT_FOUND. */
  cancelRun(id: string): Promise<Run>;
  run(id: string): Promise<Run | null>;
  runs(filter: RunFilter, page: PageRequest<RunPosition>): Promise<Page<Run>>;
  countRuns(filter: RunFilter): Promise<Count>;
  /** The last failure of each chunk that failed or waits for its next attempt, at most `limit`. */
  runErrors(id: string, limit: number): Promise<readonly WorkFailure[]>;

  workers(filter?: Partial<ChainRef>): readonly WorkerStatus[];

  /** Reports blocks that any manager stores from now on: each once, in the order of its chain. Ends when the signal aborts. */
  watchBlocks(chain: ChainRef | undefined, signal: AbortSignal): AsyncIterable<Block>;
  /** Reports matching transactions that any manager stores from now on. Filters by hash, blockHash or memo throw BAD_USER_INPUT. */
  watchTransactions(
    filter: TransactionFilter,
    columns: TransactionColumns,
    signal: AbortSignal,
  ): AsyncIterable<StoredTransaction>;
  /** Reports the current status of each worker, then its changes, at most 4 per second and worker. */
  watchWorkers(filter: Partial<ChainRef>, signal: AbortSignal): AsyncIterable<WorkerStatus>;

  /** Reports the state of a run at once, at each change at most 4 times a second, and a last time when it ended. Throws NOT_FOUND. */
  watchRun(id: string, signal: AbortSignal): AsyncIterable<Run>;

  /** Resolves if requests can be served; rejects with the reason otherwise. */
  ready(): Promise<void>;
  /** `postgres` or `pglite`. */
  readonly database: string;
  /** `memory`, `postgres` or `redis`. */
  readonly pubsub: string;
}
