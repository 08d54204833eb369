// The runs of the canned client: in memory, without any work.
import { unknownRun } from "../client/runs.js";
import type { Client } from "../client/port.js";
import { sameChain } from "../domain/chain.js";
import { rangeSize } from "../domain/height.js";
import { hasEnded, type Run, type RunFilter } from "../domain/run.js";

/** Creates the use cases of runs over a list in memory. A watch reports the present run, then its end. */
export function createCannedRuns(): Pick<
  Client,
  "startRun" | "cancelRun" | "run" | "runs" | "countRuns" | "runErrors" | "watchRun"
> {
  const runs = new Map<string, Run>();
  const matching = ({ chain, status }: RunFilter): Run[] =>
    [...runs.values()].filter(
      (run) =>
        (chain === undefined || sameChain(run.chain, chain)) &&
        (status === undefined || status.includes(run.status)),
    );
  const known = (id: string): Run => {
    const run = runs.get(id);
    if (run === undefined) throw unknownRun(id);
    return run;
  };
  return {
    startRun: async ({ chain, heights, mode, force }) => {
      const live = matching({ chain, status: ["QUEUED"] }).find((run) => run.mode === mode);
      if (live !== undefined && !force) return { run: live, existing: true };
      const run: Run = {
        id: String(runs.size + 1),
        chain,
        heights,
        mode,
        status: "QUEUED",
        createdAt: 1_000,
        progress: {
          blocksDone: 0,
          blocksTotal: rangeSize(heights),
          transactionsDone: 0n,
          blocksPerSecond: 0,
          done: [],
          running: [],
        },
      };
      runs.set(run.id, run);
      return { run, existing: false };
    },
    cancelRun: async (id) => {
      const run = known(id);
      if (hasEnded(run.status)) return run;
      const cancelled: Run = { ...run, status: "CANCELLED", finishedAt: 2_000 };
      runs.set(id, cancelled);
      return cancelled;
    },
    run: async (id) => runs.get(id) ?? null,
    runs: async (filter, { limit }) => {
      const all = matching(filter).reverse();
      return { items: all.slice(0, limit), hasNext: all.length > limit, hasPrevious: false };
    },
    countRuns: async (filter) => ({ value: BigInt(matching(filter).length), exact: true }),
    runErrors: async () => [
      { code: "WORKER_FAILED", message: "No worker finished.", retryable: true, height: 7 },
    ],
    watchRun: async function* (id) {
      const run = known(id);
      yield run;
      const { progress } = run;
      yield { ...run, status: "SUCCEEDED", progress: { ...progress, blocksDone: progress.blocksTotal } };
    },
  };
}
