// `indexer sync`: starts a run over a range of heights and shows its progress until it ends.
// Imports only domain, lib and this folder.
// Never fetches: the managers work on the run, also after Ctrl-C.
import type { Command } from "commander";
import { chainName, type ChainRef } from "../domain/chain.js";
import { systemClock } from "../lib/clock.js";
import { readChain } from "./chain-reports.js";
import { createDetachSignal } from "./detach-signal.js";
import { followRun, printRunEnd } from "./follow-run.js";
import { addManagerOptions, chainOption, heightOption, managerOf } from "./manager-commands.js";
import { ManagerError, type ManagerConnection } from "./manager-connection.js";
import type { GivenOptions } from "./options.js";
import { formatRange, printJson, printJsonLine, printLine, printNote } from "./output.js";
import { UsageError } from "./process.js";
import {
  cancelRunOperation,
  listRunsOperation,
  startRunOperation,
  type RunReport,
} from "./run-operations.js";

interface SyncOptions extends GivenOptions {
  readonly chain: ChainRef;
  readonly from?: number;
  readonly to?: number;
  readonly overwrite?: boolean;
  readonly force?: boolean;
  readonly window?: number;
  readonly detach?: boolean;
  readonly cancel?: boolean;
}

const listedRuns = 100;

/** Adds `sync`. */
export function addSyncCommand(program: Command): void {
  const command = program
    .command("sync")
    .description(
      "Fetch a range of heights with a run that all managers share, and show its progress. Ctrl-C detaches; the run goes on.",
    )
    .addOption(chainOption())
    .addOption(heightOption("--from", "lowest height"))
    .addOption(heightOption("--to", "highest height (default: the network's head)"))
    .option("--overwrite", "Fetch every height again, not only what is missing.")
    .addOption(heightOption("--window", "heights of one piece of work"))
    .option("--force", "Start another run although one works on this range already.")
    .option("--detach", "Start the run and return at once.")
    .option("--cancel", "Cancel the chain's unfinished runs that overlap the range instead of starting one.");
  addManagerOptions(command).action(async (options: SyncOptions) => {
    const { manager, json } = managerOf(options);
    if (options.cancel === true) return cancelOverlapping(manager, options, json);
    const { run, existing } = await start(manager, options);
    if (existing) {
      printNote(
        `A run works on this range already (${formatRange(run.heights)}): following it. --force starts another.`,
      );
    }
    if (options.detach === true) {
      if (json) printJsonLine(run);
      else printLine(`Started ${run.id}. Follow it: indexer runs follow ${run.id}`);
      return;
    }
    const ended = await followRun(run, { manager, json, clock: systemClock, signal: createDetachSignal() });
    if (!json) printRunEnd(run, ended);
    if (ended !== undefined && ended.status !== "SUCCEEDED") process.exitCode = 1;
  });
}

async function start(
  manager: ManagerConnection,
  options: SyncOptions,
): Promise<{ readonly run: RunReport; readonly existing: boolean }> {
  const { chain, from, overwrite = false, force = false, window } = options;
  if (from === undefined) throw new UsageError("--from is required: the lowest height to fetch.");
  const to = options.to ?? (await networkHeadOf(manager, chain));
  if (from > to) throw new UsageError(`--from ${from} is above --to ${to}.`);
  const { startRun } = await manager.request(
    startRunOperation({
      chain,
      heights: { from, to },
      mode: overwrite ? "OVERWRITE" : "MISSING",
      force,
      ...(window !== undefined && { window }),
    }),
  );
  return startRun;
}

async function networkHeadOf(manager: ManagerConnection, chain: ChainRef): Promise<number> {
  const { networkHead } = await readChain(manager, chain);
  if (networkHead !== null) return networkHead.height;
  throw new ManagerError(
    `The head of ${chainName(chain)} is unknown, since no worker reported it. Name the highest height with --to.`,
  );
}

async function cancelOverlapping(
  manager: ManagerConnection,
  { chain, from = 0, to = Number.MAX_SAFE_INTEGER }: SyncOptions,
  json: boolean,
): Promise<void> {
  const status = ["QUEUED", "RUNNING"] as const;
  const { runs } = await manager.request(listRunsOperation({ chain, status, first: listedRuns }));
  const cancelled: RunReport[] = [];
  for (const { id, heights } of runs.nodes) {
    if (heights.to < from || heights.from > to) continue;
    const { cancelRun } = await manager.request(cancelRunOperation(id));
    cancelled.push(cancelRun);
    if (!json) printLine(`Cancelled ${id} (${chainName(chain)} ${formatRange(heights)}).`);
  }
  if (json) printJson(cancelled);
  else if (cancelled.length === 0) printLine(`${chainName(chain)} has no unfinished run in this range.`);
}
