// Use cases: start, cancel and read durable backfills.
// Imports domain and the ports of store and pubsub. Chunks are executed in run-executor.ts.
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { windowLimits, type Run } from "../domain/run.js";
import type { PubSub } from "../pubsub/port.js";
import type { NewRun } from "../store/run-port.js";
import type { Store } from "../store/port.js";
import type { Client } from "./port.js";

/** The topic of wake-ups for changed runs. */
export const runsTopic = "runs";

/** The services that runs use. */
export interface RunManagementDeps {
  readonly store: Pick<Store, "startRun" | "cancelRun" | "run" | "runs" | "countRuns" | "runErrors">;
  readonly pubsub: Pick<PubSub, "publish">;
}

/** Creates the use cases of runs. */
export function createRunManagement({
  store,
  pubsub,
}: RunManagementDeps): Pick<Client, "startRun" | "cancelRun" | "run" | "runs" | "countRuns" | "runErrors"> {
  // Not awaited by the caller's response: a lost wake-up costs latency only.
  const wake = (id: string): void => void pubsub.publish(runsTopic, id).catch(() => {});
  return {
    async startRun(request: NewRun) {
      checkWindow(request);
      const started = await store.startRun(request);
      wake(started.run.id);
      return started;
    },
    async cancelRun(id): Promise<Run> {
      const run = await store.cancelRun(id);
      if (run === null) throw unknownRun(id);
      wake(id);
      return run;
    },
    run: store.run,
    runs: store.runs,
    countRuns: store.countRuns,
    runErrors: store.runErrors,
  };
}

/** The error of a run that does not exist. */
export function unknownRun(id: string): IndexerError {
  return new IndexerError("NOT_FOUND", `No run has the id ${id}. Use the id of a run as it was returned.`);
}

function checkWindow({ window, chain }: NewRun): void {
  const { min, max } = windowLimits;
  if (Number.isInteger(window) && window >= min && window <= max) return;
  throw new IndexerError(
    "BAD_USER_INPUT",
    `window: ${window} heights requested for ${chainName(chain)}, ${min} to ${max} allowed. Leave it out to use 1000.`,
    { argument: "window", limit: max, actual: window },
  );
}
