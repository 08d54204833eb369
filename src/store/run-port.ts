// The store's contract for durable backfills, in domain types. A chunk belongs to the manager with its newest token.
// Imports only domain; exposes no rows, SQL or driver errors.
import type { ChainRef } from "../domain/chain.js";
import type { HeightRange } from "../domain/height.js";
import type { Chunk, ChunkEnd, ChunkLease, Run, RunFilter, RunMode, RunPosition } from "../domain/run.js";
import type { Count, Page, PageRequest } from "../domain/search.js";
import type { WorkFailure } from "../domain/work-failure.js";

/** What a new run stores. */
export interface NewRun {
  readonly chain: ChainRef;
  readonly heights: HeightRange;
  readonly mode: RunMode;
  /** Heights of its first chunk. */
  readonly window: number;
  /** Creates the run even if a live one covers its heights. */
  readonly force: boolean;
}

/** Which chunks a manager can work on, and how many more. */
export interface ChunkDemand {
  readonly chain: ChainRef;
  readonly limit: number;
}

/** Runs and their chunks. */
export interface RunStore {
  /** Creates a run, or returns the live run of the same mode that covers all of its heights. */
  startRun(run: NewRun): Promise<{ readonly run: Run; readonly existing: boolean }>;
  /** Ends a live run and takes its chunks from their managers. Returns the run; null if it does not exist. */
  cancelRun(id: string): Promise<Run | null>;
  run(id: string): Promise<Run | null>;
  /** Runs by creation; NEWEST_FIRST is the order of Query.runs. */
  runs(filter: RunFilter, page: PageRequest<RunPosition>): Promise<Page<Run>>;
  countRuns(filter: RunFilter): Promise<Count>;
  /** The last failure of each chunk that failed or waits for its next attempt, lowest heights first. */
  runErrors(id: string, limit: number): Promise<readonly WorkFailure[]>;

  /**
   * Claims chunks of live runs for `owner`: waiting ones, ones whose lease expired, and new ones cut from the oldest run. A
   * lease lasts 15 s by the database's clock.
   */
  claimChunks(owner: string, demand: ChunkDemand): Promise<readonly Chunk[]>;
  /** Extends the leases by 15 s. Returns the ids of the chunks that still belong to these leases. */
  renewChunks(leases: readonly ChunkLease[]): Promise<ReadonlySet<string>>;
  /** Records the end of an attempt, and the end of the run after its last chunk. Does nothing if the lease is lost. */
  endChunk(lease: ChunkLease, end: ChunkEnd): Promise<void>;
  /** Deletes ended runs, and what belongs to them, that finished more than this many seconds ago. */
  trimRuns(olderThanSeconds: number): Promise<void>;
}
