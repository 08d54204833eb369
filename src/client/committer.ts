// Commits batches to the store, several at once where possible, and publishes a wake-up after each commit.
// Imports domain, lib and the ports of store and pubsub. The only caller of `store.write`.
// Never commits a height twice in one commit, and never fails a batch for an error of another batch.
import { chainName } from "../domain/chain.js";
import { toIndexerError } from "../domain/errors.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { Counter, type Metrics } from "../lib/metrics.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store, WriteBatch, WriteResult } from "../store/port.js";

/** The topic of wake-ups for new announcements in the store. */
export const announcedTopic = "announced";

/** Commits batches to the store. */
export interface Committer {
  /** Resolves after the commit of the batch, with the changes of the whole commit. */
  commit(batch: WriteBatch): Promise<WriteResult>;
}

/** The services and limits of a committer. */
export interface CommitterOptions {
  readonly store: Pick<Store, "write">;
  readonly pubsub: Pick<PubSub, "publish">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** A commit accepts no further batch once it has this many blocks and transactions; 2000 by default. */
  readonly commitSize?: number;
  /** Concurrent commits of one chain; 2 by default. */
  readonly parallel?: number;
  /** Milliseconds to retry a commit while the database is unreachable; 15 s by default. */
  readonly patienceMs?: number;
}

interface PendingBatch {
  readonly batch: WriteBatch;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

interface ChainQueue {
  readonly pending: PendingBatch[];
  running: number;
}

/** Creates a committer and registers its metrics. */
export function createCommitter(options: CommitterOptions): Committer {
  const { store, pubsub, clock, logger, metrics } = options;
  const { commitSize = 2_000, parallel = 2, patienceMs = 15_000 } = options;
  const queues = new Map<string, ChainQueue>();
  const counter = (name: string, help: string): Counter<"chain"> =>
    new Counter({ name, help, labelNames: ["chain"], registers: [metrics] });
  const commits = counter("indexer_commits_total", "Commits of fetched data.");
  const blocks = counter("indexer_stored_blocks_total", "Blocks stored, new or replaced.");
  const transactions = counter("indexer_stored_transactions_total", "Transactions stored, new or replaced.");
  const replaced = counter("indexer_replaced_heights_total", "Heights replaced by a reorganisation.");
  const commitSeconds = counter("indexer_store_seconds_total", "Seconds spent in commits.");
  const failures = new Counter({
    name: "indexer_commit_failures_total",
    help: "Attempts of commits that failed, by error code; a failed attempt may be retried.",
    labelNames: ["chain", "reason"],
    registers: [metrics],
  });

  const writeWithRetry = async (batch: WriteBatch): Promise<WriteResult> => {
    const deadline = clock.monotonic() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await store.write(batch);
      } catch (error) {
        const { code } = toIndexerError(error);
        failures.inc({ chain: chainName(batch.chain), reason: code });
        const delay = backoffDelay({ first: 200, max: 2_000 }, attempt);
        if (code !== "OVERLOADED" || clock.monotonic() + delay > deadline) throw error;
        logger.warn(
          { error, attempt },
          "A commit failed because the database is unavailable. It is retried.",
        );
        await clock.sleep(delay);
      }
    }
  };

  const write = async (batch: WriteBatch): Promise<WriteResult> => {
    const startedAt = clock.monotonic();
    const result = await writeWithRetry(batch);
    const label = { chain: chainName(batch.chain) };
    commitSeconds.inc(label, (clock.monotonic() - startedAt) / 1_000);
    commits.inc(label);
    blocks.inc(label, result.blocks);
    transactions.inc(label, result.transactions);
    if (result.replaced.length > 0) {
      replaced.inc(label, result.replaced.length);
      logger.info({ ...label, heights: result.replaced }, "A reorganisation replaced heights.");
    }
    // Not awaited: a lost or late wake-up costs latency only, and must not delay the next commit.
    pubsub.publish(announcedTopic, label.chain).catch((error: unknown) => {
      logger.warn({ error, ...label }, "Publishing a wake-up failed.");
    });
    return result;
  };

  const commitGroup = async (group: readonly PendingBatch[]): Promise<void> => {
    const [first] = group;
    if (first === undefined) return;
    try {
      const result = await write(mergeBatches(group.map(({ batch }) => batch)));
      for (const { resolve } of group) resolve(result);
    } catch (error) {
      if (group.length === 1) return first.reject(error);
      // An invalid batch must not fail the other batches of its commit.
      for (const each of group) await commitGroup([each]);
    }
  };

  const run = async (name: string, queue: ChainQueue): Promise<void> => {
    queue.running += 1;
    while (queue.pending.length > 0) await commitGroup(takeGroup(queue.pending, commitSize));
    queue.running -= 1;
    if (queue.running === 0) queues.delete(name);
  };

  return {
    commit: (batch) =>
      new Promise((resolve, reject) => {
        const name = chainName(batch.chain);
        const queue = queues.get(name) ?? { pending: [], running: 0 };
        queues.set(name, queue);
        queue.pending.push({ batch, resolve, reject });
        if (queue.running < parallel) void run(name, queue);
      }),
  };
}

/** Removes the first batches that fit one commit. A height occurs at most once in them. */
function takeGroup(pending: PendingBatch[], commitSize: number): PendingBatch[] {
  const heights = new Set<number>();
  let size = 0;
  let count = 0;
  for (const { batch } of pending) {
    const own = heightsIn(batch);
    if (count > 0 && (size >= commitSize || own.some((height) => heights.has(height)))) break;
    for (const height of own) heights.add(height);
    size += batch.heights.reduce((sum, each) => sum + each.transactions.length + 1, 0);
    count += 1;
  }
  return pending.splice(0, count);
}

function heightsIn(batch: WriteBatch): number[] {
  return [
    ...batch.heights.map(({ block }) => block.height),
    ...(batch.partialBlocks ?? []).map(({ block }) => block.height),
    ...(batch.quarantined ?? []).map(({ height }) => height),
  ];
}

function mergeBatches(batches: readonly WriteBatch[]): WriteBatch {
  const [first] = batches;
  if (first === undefined || batches.length === 1) return first as WriteBatch;
  return {
    chain: first.chain,
    heights: batches.flatMap(({ heights }) => heights),
    partialBlocks: batches.flatMap(({ partialBlocks = [] }) => partialBlocks),
    quarantined: batches.flatMap(({ quarantined = [] }) => quarantined),
    progress: batches.flatMap(({ progress = [] }) => progress),
  };
}
