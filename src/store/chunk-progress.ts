// Progress of chunks, recorded by the transaction that stores their heights: data and progress commit together or not at all.
// Imports only domain and its neighbours in the store.
import { IndexerError } from "../domain/errors.js";
import { rangesFromHeights } from "../domain/height.js";
import { writeMultirange } from "./multirange.js";
import type { ChunkProgress } from "./port.js";
import type { SqlTransaction } from "./sql.js";

/** Adds the progress of a batch. Throws CONFLICT, which rolls the batch back, if a chunk belongs to another claim now. */
export async function recordProgress(sql: SqlTransaction, progress: readonly ChunkProgress[]): Promise<void> {
  // Ascending, so that two commits with the same chunks cannot wait for each other.
  const ordered = [...progress].sort((a, b) => Number(BigInt(a.lease.id) - BigInt(b.lease.id)));
  for (const { lease, heights, transactions } of ordered) {
    const { id, token } = lease;
    const updated = await sql.query({
      name: "chunk-progress",
      text: `update run_chunk set done = done + $3::int8multirange, transactions = transactions + $4::int8, attempts = 1
             where id = $1::int8 and token = $2::int8 and state = 'RUNNING' returning id`,
      values: [id, token, writeMultirange(rangesFromHeights(heights)), transactions],
    });
    if (updated.length === 0) {
      throw new IndexerError(
        "CONFLICT",
        `Chunk ${id}: the lease is lost, because another manager owns the chunk or its run has ended. Nothing was stored.`,
        { chunk: id },
      );
    }
  }
}
