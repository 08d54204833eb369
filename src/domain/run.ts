// Durable backfills: their states, modes and progress. Pure values and rules; imports only domain; never does I/O.
import type { ChainRef } from "./chain.js";
import type { Height, HeightRange } from "./height.js";
import type { WorkFailure } from "./work-failure.js";

/** MISSING stores only what the coverage lacks; OVERWRITE stores every height again. */
export type RunMode = "MISSING" | "OVERWRITE";

/** QUEUED until the first chunk is claimed, RUNNING until no chunk is left, then one of the three ends. */
export type RunStatus = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** The statuses of runs that are not over. */
export const liveStatuses = ["QUEUED", "RUNNING"] as const satisfies readonly RunStatus[];

/** Whether a run is over: its status never changes again. */
export function hasEnded(status: RunStatus): boolean {
  return status !== "QUEUED" && status !== "RUNNING";
}

/** A durable backfill of a range of heights. Times are milliseconds since 1970. */
export interface Run {
  /** A decimal number, unique in the database; later runs have larger ones. */
  readonly id: string;
  readonly chain: ChainRef;
  readonly heights: HeightRange;
  readonly mode: RunMode;
  readonly status: RunStatus;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly progress: RunProgress;
}

/** The progress of a run. */
export interface RunProgress {
  /** Heights that are stored, or quarantined, by this run. */
  readonly blocksDone: number;
  /** Heights that were to be stored when the run started. */
  readonly blocksTotal: number;
  readonly transactionsDone: bigint;
  /** Heights per second since the run started. */
  readonly blocksPerSecond: number;
  readonly done: readonly HeightRange[];
  /** The ranges of chunks that a manager works on now. */
  readonly running: readonly HeightRange[];
}

/** The share of a run that is done, from 0 to 1; 1 if there was nothing to store. */
export function ratioOf({ blocksDone, blocksTotal }: RunProgress): number {
  return blocksTotal === 0 ? 1 : blocksDone / blocksTotal;
}

/** The seconds until a run ends at its present rate; undefined while the rate is unknown or the run is over. */
export function etaSeconds({ status, progress }: Run): number | undefined {
  const { blocksDone, blocksTotal, blocksPerSecond } = progress;
  if (hasEnded(status) || blocksPerSecond <= 0) return undefined;
  return Math.ceil((blocksTotal - blocksDone) / blocksPerSecond);
}

/** Which runs to list: those that meet all conditions that are set. */
export interface RunFilter {
  readonly chain?: ChainRef;
  /** Any of these statuses. */
  readonly status?: readonly RunStatus[];
}

/** The position of a run in the order of creation. */
export interface RunPosition {
  readonly id: string;
}

/** A part of a run that this manager holds a lease for. */
export interface Chunk {
  readonly id: string;
  readonly runId: string;
  readonly chain: ChainRef;
  readonly mode: RunMode;
  /** The number of this claim. The store rejects writes of an earlier claim. */
  readonly token: bigint;
  /** The heights that are still to be stored, ascending. */
  readonly heights: readonly HeightRange[];
  /** Claims since the last progress, this one included: 1, 2, 3, … */
  readonly attempts: number;
}

/** What a claim holds: names the chunk in every later call. */
export type ChunkLease = Pick<Chunk, "id" | "token">;

/** Returns a text that names one claim of a chunk. */
export function chunkKey({ id, token }: ChunkLease): string {
  return `${id}/${token}`;
}

/** Claims of a chunk without progress after which it fails. */
export const maxChunkAttempts = 8;

/** The backoff between two attempts of a chunk: 1 s, doubling up to 5 min. */
export const chunkBackoff = { first: 1_000, max: 300_000 } as const;

/** The range of a run's window: the heights of one chunk. */
export const windowLimits = { min: 1, max: 100_000 } as const;

/** The milliseconds that a chunk should take: short enough to be lost with a manager, long enough to be worth a claim. */
const chunkTargetMs = 5_000;

/**
 * Returns the window of the next chunk after one of `heights` heights took `elapsedMs`: the number of heights that takes
 * about five seconds at that rate, at most twice and at least half as many as before. Dense heights, slow nodes and slow
 * commits make it smaller.
 */
export function nextWindow({
  heights,
  elapsedMs,
}: {
  readonly heights: number;
  readonly elapsedMs: number;
}): number {
  const ideal = (heights * chunkTargetMs) / Math.max(elapsedMs, 1);
  const bounded = Math.min(Math.max(ideal, heights / 2), heights * 2);
  return Math.round(Math.min(Math.max(bounded, windowLimits.min), windowLimits.max));
}

/** The end of a chunk's attempt. */
export type ChunkEnd =
  /** Every height is stored or quarantined. */
  | {
      readonly kind: "done";
      /** The window of the next chunk; absent to keep the present one. */
      readonly nextWindow?: number;
    }
  /** The attempt failed; the chunk waits `delayMs`, or has failed for good if it is undefined. */
  | { readonly kind: "failed"; readonly failure: WorkFailure; readonly delayMs?: number }
  /** The manager gives the chunk back without an attempt being counted; another claim may follow after `delayMs`. */
  | { readonly kind: "released"; readonly delayMs: number };

/** Splits the heights of a chunk into a lower and an upper half; undefined for a single height. */
export function bisect(
  ranges: readonly HeightRange[],
): { readonly lower: HeightRange[]; readonly upper: HeightRange[] } | undefined {
  const total = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (total < 2) return undefined;
  let left = Math.floor(total / 2);
  const lower: HeightRange[] = [];
  const upper: HeightRange[] = [];
  for (const { from, to } of ranges) {
    const cut: Height = Math.min(to, from + left - 1);
    if (cut >= from) lower.push({ from, to: cut });
    if (cut < to) upper.push({ from: Math.max(from, cut + 1), to });
    left -= Math.max(0, cut - from + 1);
  }
  return { lower, upper };
}
