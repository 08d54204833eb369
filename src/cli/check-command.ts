// `indexer check`: what of a chain is stored and what is missing, with the command that repairs it, or the repair itself.
// Imports only domain, lib and this folder.
// Never fetches: a repair is a run of the manager.
import type { Command } from "commander";
import { z } from "zod";
import { chainName, type ChainRef } from "../domain/chain.js";
import { splitRanges, subtractRanges, type HeightRange } from "../domain/height.js";
import { systemClock } from "../lib/clock.js";
import { readChain } from "./chain-reports.js";
import { checkFindings, missingCount, type CheckFinding, type MissingHeights } from "./check-findings.js";
import { createDetachSignal } from "./detach-signal.js";
import { followRun, printRunEnd } from "./follow-run.js";
import { addManagerOptions, chainOption, heightOption, managerOf } from "./manager-commands.js";
import type { ManagerConnection } from "./manager-connection.js";
import type { GivenOptions } from "./options.js";
import { formatCount, formatRange, printJson, printLine, printNote, styled } from "./output.js";
import { UsageError } from "./process.js";
import { createProgress } from "./progress.js";
import { rangeSchema } from "./response-shapes.js";
import { startRunOperation } from "./run-operations.js";

interface CheckOptions extends GivenOptions {
  readonly chain: ChainRef;
  readonly from?: number;
  readonly to?: number;
  readonly deep?: boolean;
  readonly fix?: boolean;
}

/** Heights that one request of a deep check counts. */
const deepSlice = 20_000;
const shownFindings = 200;

/** Adds `check`. */
export function addCheckCommand(program: Command): void {
  const command = program
    .command("check")
    .description("Report what of a chain is stored and what is missing; exit code 1 if something is missing.")
    .addOption(chainOption())
    .addOption(heightOption("--from", "lowest height to check (default: the lowest stored height)"))
    .addOption(heightOption("--to", "highest height to check (default: the highest stored height)"))
    .option("--deep", "Count the stored transactions of each block instead of reading the coverage.")
    .option("--fix", "Start a run that fetches what is missing, and wait until it ends.");
  addManagerOptions(command).action(async (options: CheckOptions) => {
    const { manager, json } = managerOf(options);
    const { chain, deep = false, fix = false } = options;
    const checked = await check(manager, options);
    if (checked === undefined) {
      if (json) printJson({ chain, range: null, complete: true, findings: [] });
      else printLine(`${chainName(chain)}: nothing is stored. Name the range with --from and --to.`);
      return;
    }
    const { range, findings } = checked;
    if (!fix || missingCount(findings) === 0) {
      print({ chain, range, findings, json, deep });
      if (missingCount(findings) > 0) process.exitCode = 1;
      return;
    }
    if (!json) print({ chain, range, findings, json, deep });
    const { startRun } = await manager.request(startRunOperation({ chain, heights: range, mode: "MISSING" }));
    const signal = createDetachSignal();
    const ended = await followRun(startRun.run, { manager, json: false, clock: systemClock, signal });
    if (!json || ended === undefined) printRunEnd(startRun.run, ended);
    if (ended === undefined) return;
    const after = await check(manager, { ...options, ...range });
    print({ chain, range, findings: after?.findings ?? [], json, deep });
    if (ended.status !== "SUCCEEDED" || missingCount(after?.findings ?? []) > 0) process.exitCode = 1;
  });
}

interface Checked {
  readonly range: HeightRange;
  readonly findings: readonly CheckFinding[];
}

/** Checks a range; undefined if nothing is stored and no range is given. */
async function check(manager: ManagerConnection, options: CheckOptions): Promise<Checked | undefined> {
  const { chain, deep = false } = options;
  const report = await readChain(manager, chain);
  const from = options.from ?? report.firstHeight ?? undefined;
  const to = options.to ?? report.head?.height;
  if (from === undefined || to === undefined) return undefined;
  if (from > to)
    throw new UsageError(`--from ${from} is above ${options.to === undefined ? "the head" : "--to"} ${to}.`);
  const range = { from, to };
  const missing = deep
    ? await countMissing(manager, chain, range)
    : { missingBlocks: subtractRanges(range, report.indexed), missingTransactions: [] };
  return { range, findings: checkFindings(range, missing) };
}

const coverageSchema = z.object({
  chain: z.object({
    coverage: z.object({ missingBlocks: z.array(rangeSchema), missingTransactions: z.array(rangeSchema) }),
  }),
});

async function countMissing(
  manager: ManagerConnection,
  chain: ChainRef,
  range: HeightRange,
): Promise<MissingHeights> {
  const total = range.to - range.from + 1;
  const progress = createProgress({ total, unit: "heights", clock: systemClock });
  const missingBlocks: HeightRange[] = [];
  const missingTransactions: HeightRange[] = [];
  try {
    for (const { from, to } of splitRanges([range], deepSlice)) {
      const { chain: counted } = await manager.request({
        document: `query Coverage($network: String!, $chainId: String!, $from: Height!, $to: Height!) {
          chain(network: $network, chainId: $chainId) { coverage(from: $from, to: $to) {
            missingBlocks { from to } missingTransactions { from to } } } }`,
        schema: coverageSchema,
        variables: { ...chain, from, to },
      });
      missingBlocks.push(...counted.coverage.missingBlocks);
      missingTransactions.push(...counted.coverage.missingTransactions);
      progress.update(to - range.from + 1);
    }
  } finally {
    progress.stop();
  }
  return { missingBlocks, missingTransactions };
}

interface CheckReport extends Checked {
  readonly chain: ChainRef;
  readonly json: boolean;
  readonly deep: boolean;
}

function print({ chain, range, findings, json, deep }: CheckReport): void {
  const missing = missingCount(findings);
  if (json) {
    return printJson({ chain, range, deep, complete: missing === 0, missingHeights: missing, findings });
  }
  for (const finding of findings.slice(0, shownFindings)) {
    const label = styled(finding.kind === "ok" ? "good" : "bad", `[${finding.kind}]`);
    printLine(`${label} ${formatRange(finding)}`);
  }
  if (findings.length > shownFindings) {
    printNote(`… and ${formatCount(findings.length - shownFindings)} more ranges; --json lists all of them.`);
  }
  if (missing === 0) return;
  const name = chainName(chain);
  printLine(
    `${formatCount(missing)} of ${formatCount(range.to - range.from + 1)} heights are missing. Fetch them: indexer sync --chain ${name} --from ${range.from} --to ${range.to}`,
  );
}
