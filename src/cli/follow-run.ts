// Shows a run until it ends: a bar with its rate, ETA and ranges in work. Ctrl-C detaches; the run goes on.
// Imports only domain, lib and this folder.
// Never cancels a run.
import { chainName } from "../domain/chain.js";
import { hasEnded } from "../domain/run.js";
import type { Clock } from "../lib/clock.js";
import { ManagerError, type ManagerConnection } from "./manager-connection.js";
import { formatCount, formatRange, formatSeconds, printJsonLine, printLine } from "./output.js";
import { createProgress } from "./progress.js";
import { followRunOperation, type RunReport } from "./run-operations.js";

/** Options of `followRun`. */
export interface FollowRunOptions {
  readonly manager: ManagerConnection;
  /** Prints each state as a line of JSON instead of a bar. */
  readonly json: boolean;
  readonly clock: Clock;
  /** Aborts to detach. */
  readonly signal: AbortSignal;
}

/** Milliseconds without a connection after which following fails: another manager may go on with the run. */
const reconnectMs = 30_000;
const reconnectIntervalMs = 1_000;
const shownRanges = 3;

/** Follows a run until it ends; returns its last state, or undefined if the caller detached. */
export async function followRun(run: RunReport, options: FollowRunOptions): Promise<RunReport | undefined> {
  const { json, clock, signal } = options;
  const progress = json
    ? undefined
    : createProgress({ total: run.progress.blocksTotal, unit: "blocks", clock });
  const shownErrors = new Set<string>();
  const show = (state: RunReport): void => {
    if (progress === undefined) return printJsonLine(state);
    for (const { message, height } of state.errors) {
      const line = `  error${height === null ? "" : ` at height ${formatCount(height)}`}: ${message}`;
      if (!shownErrors.has(line)) progress.note(line);
      shownErrors.add(line);
    }
    const { blocksDone, blocksTotal, blocksPerSecond, etaSeconds, running } = state.progress;
    progress.update(blocksDone, {
      total: blocksTotal,
      perSecond: blocksPerSecond,
      etaSeconds,
      detail: describeRunning(running),
    });
  };
  try {
    let last: RunReport = run;
    for await (const state of statesOf(run, options, (line) => progress?.note(line))) {
      last = state;
      show(state);
    }
    return signal.aborted ? undefined : last;
  } finally {
    progress?.stop();
  }
}

/** The states of a run until it ends, over as many connections as needed. */
async function* statesOf(
  run: RunReport,
  { manager, clock, signal }: FollowRunOptions,
  note: (line: string) => void,
): AsyncGenerator<RunReport> {
  if (hasEnded(run.status)) return void (yield run);
  let connectedAt = clock.monotonic();
  while (!signal.aborted) {
    let failure: ManagerError | undefined;
    try {
      for await (const { run: state } of manager.subscribe(followRunOperation(run.id), signal)) {
        connectedAt = clock.monotonic();
        yield state;
        if (hasEnded(state.status)) return;
      }
    } catch (error) {
      // A code is the manager's own refusal, which a retry does not change.
      if (!(error instanceof ManagerError) || error.code !== undefined) throw error;
      failure = error;
    }
    if (signal.aborted) return;
    if (failure !== undefined && clock.monotonic() - connectedAt > reconnectMs) throw failure;
    if (failure !== undefined) note(`  ${failure.message} Reconnecting …`);
    await clock.sleep(reconnectIntervalMs, signal).catch(() => {});
  }
}

function describeRunning(running: RunReport["progress"]["running"]): string {
  if (running.length === 0) return "";
  const more = running.length > shownRanges ? ` and ${running.length - shownRanges} more` : "";
  return `in work ${running.slice(0, shownRanges).map(formatRange).join(", ")}${more}`;
}

/** Prints how a run ended, or how to follow it again. */
export function printRunEnd(run: RunReport, ended: RunReport | undefined): void {
  if (ended === undefined) {
    printLine(
      `Detached; the run goes on. Follow it again: indexer runs follow ${run.id}\nCancel it: indexer runs cancel ${run.id}`,
    );
    return;
  }
  const { status, progress, startedAt, finishedAt } = ended;
  const seconds =
    startedAt === null || finishedAt === null
      ? undefined
      : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  printLine(
    [
      `${chainName(ended.chain)} ${formatRange(ended.heights)}: ${status}`,
      `${formatCount(progress.blocksDone)} of ${formatCount(progress.blocksTotal)} blocks`,
      `${formatCount(progress.transactionsDone)} transactions`,
      ...(seconds === undefined ? [] : [`in ${formatSeconds(seconds)}`]),
    ].join(" · "),
  );
}
