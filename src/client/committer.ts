// Stores parts, those that wait together in one commit, and wakes who listens. The only caller of store.write.
import { chainName } from "../domain/chain.js";
import { toIndexerError } from "../domain/errors.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { Counter, type Metrics } from "../lib/metrics.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store, WriteBatch, WriteResult } from "../store/port.js";

/** The topic that says: look into the store for what is new. */
export const announcedTopic = "announced";

export interface Committer {
  /** Resolves once the batch is committed, with what its whole commit changed. */
  commit(batch: WriteBatch): Promise<WriteResult>;
}

export interface CommitterOptions {
  readonly store: Store;
  readonly pubsub: PubSub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Transactions that one commit takes at most, unless one batch alone holds more. */
  readonly commitSize?: number;
  /** Commits of one chain at once. */
  readonly parallel?: number;
  /** Milliseconds for which an unreachable database is tried again before the batch fails. */
  readonly patienceMs?: number;
}

interface Waiting {
  readonly batch: WriteBatch;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly waiting: Waiting[];
  running: number;
}

export function createCommitter(options: CommitterOptions): Committer {
  const { store, pubsub, clock, logger, metrics } = options;
  const { commitSize = 2_000, parallel = 2, patienceMs = 15_000 } = options;
  const lanes = new Map<string, Lane>();
  const counter = (name: string, help: string): Counter<"chain"> =>
    new Counter({ name, help, labelNames: ["chain"], registers: [metrics] });
  const commits = counter("indexer_commits_total", "Commits of fetched data.");
  const blocks = counter("indexer_stored_blocks_total", "Blocks stored, new or replaced.");
  const transactions = counter("indexer_stored_transactions_total", "Transactions stored, new or replaced.");
  const replaced = counter("indexer_replaced_heights_total", "Heights rewritten by a reorganisation.");
  const stalled = counter("indexer_store_seconds_total", "Seconds that commits took.");

  const writePatiently = async (batch: WriteBatch): Promise<WriteResult> => {
    const deadline = clock.monotonic() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await store.write(batch);
      } catch (error) {
        const { code } = toIndexerError(error);
        const delay = backoffDelay({ first: 200, max: 2_000 }, attempt);
        if (code !== "OVERLOADED" || clock.monotonic() + delay > deadline) throw error;
        logger.warn({ error, attempt }, "The database does not take a commit; trying again.");
        await clock.sleep(delay);
      }
    }
  };

  const write = async (batch: WriteBatch): Promise<WriteResult> => {
    const began = clock.monotonic();
    const result = await writePatiently(batch);
    const label = { chain: chainName(batch.chain) };
    stalled.inc(label, (clock.monotonic() - began) / 1_000);
    commits.inc(label);
    blocks.inc(label, result.blocks);
    transactions.inc(label, result.transactions);
    if (result.replaced.length > 0) {
      replaced.inc(label, result.replaced.length);
      logger.info({ ...label, heights: result.replaced }, "A reorganisation: heights were replaced.");
    }
    // Not waited for: a wake-up that is lost or late costs latency only, and must not hold the next commit.
    pubsub.publish(announcedTopic, label.chain).catch((error: unknown) => {
      logger.warn({ error, ...label }, "A wake-up was not sent.");
    });
    return result;
  };

  const commitGroup = async (group: readonly Waiting[]): Promise<void> => {
    const [first] = group;
    if (first === undefined) return;
    try {
      const result = await write(joined(group.map(({ batch }) => batch)));
      for (const { resolve } of group) resolve(result);
    } catch (error) {
      if (group.length === 1) return first.reject(error);
      // One bad batch must not fail those that only shared its commit.
      for (const each of group) await commitGroup([each]);
    }
  };

  const run = async (name: string, lane: Lane): Promise<void> => {
    lane.running += 1;
    while (lane.waiting.length > 0) await commitGroup(takeGroup(lane.waiting, commitSize));
    lane.running -= 1;
    if (lane.running === 0) lanes.delete(name);
  };

  return {
    commit: (batch) =>
      new Promise((resolve, reject) => {
        const name = chainName(batch.chain);
        const lane = lanes.get(name) ?? { waiting: [], running: 0 };
        lanes.set(name, lane);
        lane.waiting.push({ batch, resolve, reject });
        if (lane.running < parallel) void run(name, lane);
      }),
  };
}

/** Takes from the front what fits one commit; a height never comes twice in it. */
function takeGroup(waiting: Waiting[], commitSize: number): Waiting[] {
  const heights = new Set<number>();
  let size = 0;
  let count = 0;
  for (const { batch } of waiting) {
    const own = heightsOf(batch);
    if (count > 0 && (size >= commitSize || own.some((height) => heights.has(height)))) break;
    for (const height of own) heights.add(height);
    size += batch.heights.reduce((sum, { transactions }) => sum + transactions.length + 1, 0);
    count += 1;
  }
  return waiting.splice(0, count);
}

function heightsOf(batch: WriteBatch): number[] {
  return [
    ...batch.heights.map(({ block }) => block.height),
    ...(batch.partialBlocks ?? []).map(({ block }) => block.height),
    ...(batch.quarantined ?? []).map(({ height }) => height),
  ];
}

function joined(batches: readonly WriteBatch[]): WriteBatch {
  const [first] = batches;
  if (first === undefined || batches.length === 1) return first as WriteBatch;
  return {
    chain: first.chain,
    heights: batches.flatMap(({ heights }) => heights),
    partialBlocks: batches.flatMap(({ partialBlocks: loose = [] }) => loose),
    quarantined: batches.flatMap(({ quarantined = [] }) => quarantined),
  };
}
