// The fetch of the canned client.
import type { FetchEvent, FetchRequest } from "../client/port.js";
import type { HeightRange } from "../domain/height.js";
import { cannedBlock, cannedTransactions, cannedWorker } from "./canned-data.js";

/** Yields one part for each height. The network `endless` never ends, and `failing` fails after its first part. */
export async function* cannedFetch(
  { chain, target }: FetchRequest,
  signal: AbortSignal,
): AsyncGenerator<FetchEvent> {
  const fetchId = "fetch-1";
  const range: HeightRange = "heights" in target ? target.heights : { from: 7, to: 7 };
  const counts = { parts: 0, blockCount: 0, transactionCount: 0 };
  yield { kind: "accepted", fetchId, tasks: 1, workers: [cannedWorker.workerId] };
  const endless = chain.network === "endless";
  for (let height = range.from; endless || height <= range.to; height += 1) {
    if (signal.aborted) {
      yield { kind: "final", fetchId, status: "CANCELLED", ...counts, durationMs: 1 };
      return;
    }
    if (chain.network === "failing" && counts.parts === 1) {
      const error = {
        code: "WORKER_FAILED",
        message: "The worker failed.",
        retryable: true,
        height,
      } as const;
      yield { kind: "final", fetchId, status: "FAILED", ...counts, durationMs: 1, error };
      return;
    }
    const block = cannedBlock(chain, height);
    const transactions = cannedTransactions(block);
    yield {
      kind: "part",
      fetchId,
      order: counts.parts,
      worker: cannedWorker.workerId,
      blocks: [block],
      transactions,
      progress: Math.min(1, (height - range.from + 1) / (range.to - range.from + 1)),
    };
    counts.parts += 1;
    counts.blockCount += 1;
    counts.transactionCount += transactions.length;
    // An endless fetch must let other work run, so that it can be cancelled.
    if (endless) await new Promise((resolve) => setImmediate(resolve));
  }
  yield { kind: "final", fetchId, status: "SUCCEEDED", ...counts, durationMs: 1 };
}
