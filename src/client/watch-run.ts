// Use case: report a run as it changes, until it ends.
import { hasEnded, type Run } from "../domain/run.js";
import type { Clock } from "../lib/clock.js";
import { createWakeUp, waitAtMost } from "../lib/wake-up.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store } from "../store/port.js";
import type { Client } from "./port.js";
import { runsTopic, unknownRun } from "./runs.js";

/** The services that the watch uses. */
export interface WatchRunDeps {
  readonly store: Pick<Store, "run">;
  readonly pubsub: Pick<PubSub, "subscribe">;
  readonly clock: Clock;
}

/** Milliseconds between two reports: at most 4 a second. */
const reportIntervalMs = 250;
/** Milliseconds between two reads while nothing wakes the watch: commits of data publish no wake-up for runs. */
const readIntervalMs = 500;
/** Milliseconds over which the rate of a watched run is measured. */
const rateWindowMs = 10_000;

/** Creates the use case. */
export function createWatchRun({ store, pubsub, clock }: WatchRunDeps): Client["watchRun"] {
  return async function* watchRun(id, signal) {
    const wakeUp = createWakeUp();
    const unsubscribe = pubsub.subscribe(runsTopic, (changed) => {
      // An empty message follows a lost connection: any run may have changed.
      if (changed === id || changed === "") wakeUp.notify();
    });
    const withRate = createRate(clock);
    let last = "";
    try {
      while (!signal.aborted) {
        const run = await store.run(id);
        if (run === null) throw unknownRun(id);
        const state = JSON.stringify([run.status, run.progress.done, run.progress.running]);
        if (state !== last) yield withRate(run);
        last = state;
        if (hasEnded(run.status)) return;
        await clock.sleep(reportIntervalMs, signal).catch(() => {});
        await waitAtMost(wakeUp, { clock, ms: readIntervalMs - reportIntervalMs, signal });
      }
    } finally {
      unsubscribe();
    }
  };
}

/** Replaces the average rate of a run by its rate over the last seconds, once it is watched for more than one. */
function createRate(clock: Clock): (run: Run) => Run {
  const samples: { readonly at: number; readonly blocks: number }[] = [];
  return (run) => {
    const now = { at: clock.monotonic(), blocks: run.progress.blocksDone };
    samples.push(now);
    while (samples.length > 2 && now.at - (samples[0]?.at ?? 0) > rateWindowMs) samples.shift();
    const first = samples[0] ?? now;
    if (hasEnded(run.status) || now.at - first.at < 1_000) return run;
    const blocksPerSecond = ((now.blocks - first.blocks) / (now.at - first.at)) * 1_000;
    return { ...run, progress: { ...run.progress, blocksPerSecond } };
  };
}
