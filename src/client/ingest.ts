// The only loop over parts: store, then announce (both by the committer), then credit, then tell.
import type { ChainRef } from "../domain/chain.js";
import type { TaskResult } from "../domain/task.js";
import type { Block } from "../domain/block.js";
import type { Transaction } from "../domain/transaction.js";
import type { TaskRun } from "../connectivity/port.js";
import { mapOrdered } from "../lib/map-ordered.js";
import type { WriteBatch } from "../store/port.js";
import type { Committer } from "./committer.js";

/** A part that is stored. */
export interface StoredPart {
  readonly worker: string;
  /** Whole heights in it. */
  readonly heights: number;
  readonly blocks: readonly Block[];
  readonly transactions: readonly Transaction[];
}

/** Parts of one task in work at once: as many as a worker may send without further credit. */
const window = 16;

/** Stores a task's parts as they come and yields each, in order, once it is committed. Fails as the task or the store fails. */
export function ingest(chain: ChainRef, run: TaskRun, committer: Committer): AsyncGenerator<StoredPart> {
  return mapOrdered(run.parts, window, async (part) => {
    const batch = batchOf(chain, part.results);
    const loose = batch.partialBlocks ?? [];
    if (batch.heights.length + loose.length + (batch.quarantined ?? []).length > 0)
      await committer.commit(batch);
    part.acknowledge();
    return {
      worker: part.worker,
      heights: batch.heights.length,
      blocks: [...batch.heights, ...loose].map(({ block }) => block),
      transactions: [
        ...batch.heights.flatMap(({ transactions }) => transactions),
        ...loose.map(({ transaction }) => transaction),
      ],
    };
  });
}

function batchOf(chain: ChainRef, answers: readonly TaskResult[]): WriteBatch {
  return {
    chain,
    heights: answers.filter((answer) => answer.kind === "height"),
    partialBlocks: answers.filter((answer) => answer.kind === "transaction"),
    quarantined: answers.filter((answer) => answer.kind === "quarantine"),
  };
}
