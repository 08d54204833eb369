// `indexer runs`: lists runs, cancels one, follows one.
// Imports only domain, lib and this folder.
// Never starts a run.
import { Option, type Command } from "commander";
import { chainName, type ChainRef } from "../domain/chain.js";
import { systemClock } from "../lib/clock.js";
import { createDetachSignal } from "./detach-signal.js";
import { followRun, printRunEnd } from "./follow-run.js";
import { addManagerOptions, chainOption, heightOption, managerOf } from "./manager-commands.js";
import type { GivenOptions } from "./options.js";
import { formatAge, formatCount, formatRange, formatSeconds, formatTable } from "./output.js";
import { printJson, printLine, styled, type TextStyle } from "./output.js";
import {
  cancelRunOperation,
  followRunOperation,
  listRunsOperation,
  type RunReport,
} from "./run-operations.js";

interface RunsOptions extends GivenOptions {
  readonly chain?: ChainRef;
  readonly status?: keyof typeof statuses;
  readonly first?: number;
}

const defaultFirst = 20;
const statuses = {
  queued: "QUEUED",
  running: "RUNNING",
  succeeded: "SUCCEEDED",
  failed: "FAILED",
  cancelled: "CANCELLED",
} as const;

/** Adds `runs` with `cancel` and `follow`. */
export function addRunsCommand(program: Command): void {
  const runs = program.command("runs").description("List runs, newest first; cancel or follow one.");
  const list = runs
    .command("list", { isDefault: true })
    .description("List runs, newest first.")
    .addOption(chainOption().makeOptionMandatory(false))
    .addOption(new Option("--status <status>", "only runs of this status").choices(Object.keys(statuses)))
    .addOption(heightOption("--first", "number of runs to list").default(defaultFirst));
  addManagerOptions(list).action(async (options: RunsOptions) => {
    const { manager, json } = managerOf(options);
    const { chain, status, first = defaultFirst } = options;
    const operation = listRunsOperation({
      first,
      ...(chain !== undefined && { chain }),
      ...(status !== undefined && { status: [statuses[status]] }),
    });
    const { nodes } = (await manager.request(operation)).runs;
    if (json) return printJson(nodes);
    if (nodes.length === 0) return printLine("No runs. Start one with 'indexer sync'.");
    const headings = [
      "run",
      "chain",
      "heights",
      "mode",
      "status",
      "done",
      "rate",
      "ETA",
      "started",
      "errors",
    ];
    const now = Date.now();
    printLine(
      formatTable(
        headings,
        nodes.map((run) => rowOf(run, now)),
      ),
    );
  });

  const cancel = runs.command("cancel <id>").description("Cancel a run; what it stored stays.");
  addManagerOptions(cancel).action(async (id: string, options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const { cancelRun } = await manager.request(cancelRunOperation(id));
    if (json) return printJson(cancelRun);
    printLine(`${chainName(cancelRun.chain)} ${formatRange(cancelRun.heights)}: ${cancelRun.status}`);
  });

  const follow = runs
    .command("follow <id>")
    .description("Show the progress of a run until it ends. Ctrl-C detaches; the run goes on.");
  addManagerOptions(follow).action(async (id: string, options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const signal = createDetachSignal();
    for await (const { run } of manager.subscribe(followRunOperation(id), signal)) {
      const ended = await followRun(run, { manager, json, clock: systemClock, signal });
      if (!json) printRunEnd(run, ended);
      if (ended !== undefined && ended.status !== "SUCCEEDED") process.exitCode = 1;
      return;
    }
  });
}

const statusStyles: Readonly<Record<RunReport["status"], TextStyle>> = {
  QUEUED: "faint",
  RUNNING: "strong",
  SUCCEEDED: "good",
  FAILED: "bad",
  CANCELLED: "warning",
};

function rowOf(run: RunReport, now: number): string[] {
  const { progress, status } = run;
  return [
    run.id,
    chainName(run.chain),
    formatRange(run.heights),
    run.mode.toLowerCase(),
    styled(statusStyles[status], status),
    `${Math.floor(progress.ratio * 100)}% of ${formatCount(progress.blocksTotal)}`,
    status === "RUNNING" ? `${progress.blocksPerSecond.toFixed(1)}/s` : "–",
    status === "RUNNING" && progress.etaSeconds !== null ? formatSeconds(progress.etaSeconds) : "–",
    formatAge(run.startedAt, now),
    run.errors.length === 0 ? "0" : styled("bad", String(run.errors.length)),
  ];
}
