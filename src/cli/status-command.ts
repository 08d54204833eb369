// `indexer status`: every chain of a manager with its heads, lag, stored and quarantined heights and workers.
// Imports only domain and this folder.
// Never changes anything.
import type { Command } from "commander";
import { chainName } from "../domain/chain.js";
import { totalHeights } from "../domain/height.js";
import { statusOperation, type ChainReport } from "./chain-reports.js";
import { addManagerOptions, managerOf } from "./manager-commands.js";
import type { GivenOptions } from "./options.js";
import { formatAge, formatCount, formatTable, printJson, printLine, styled } from "./output.js";

/** Adds `status`. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command("status")
    .description("Show every chain: head, network head, lag, stored and quarantined heights, workers.");
  addManagerOptions(command).action(async (options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const report = await manager.request(statusOperation);
    if (json) return printJson(report);
    const { version, database, pubsub, startedAt } = report.manager;
    const now = Date.now();
    printLine(
      `Manager ${manager.url} · version ${version} · ${database} · wake-ups by ${pubsub} · started ${formatAge(startedAt, now)}`,
    );
    const known = new Set(report.chains.map(chainName));
    const unstored = new Set(report.workers.map(chainName).filter((name) => !known.has(name)));
    if (report.chains.length + unstored.size === 0) {
      return printLine("No chain yet: no worker registered. Start one with 'indexer worker <network>'.");
    }
    const headings = ["chain", "head", "network head", "lag", "stored", "quarantined", "workers", "seen"];
    const rows = [
      ...report.chains.map((chain) => rowOf(chain, now)),
      ...[...unstored].map((name) => [name, "nothing stored", ...Array<string>(6).fill("–")]),
    ];
    printLine(formatTable(headings, rows));
  });
}

function rowOf(chain: ChainReport, now: number): string[] {
  const { head, networkHead, lag, indexed, quarantined, workers } = chain;
  const online = workers.filter(({ state }) => state === "ONLINE").length;
  return [
    chainName(chain),
    head === null ? "nothing stored" : formatCount(head.height),
    networkHead === null ? "unknown" : formatCount(networkHead.height),
    lag === null ? "unknown" : lag === 0 ? styled("good", "0") : styled("warning", formatCount(lag)),
    formatCount(totalHeights(indexed)),
    quarantined === 0 ? "0" : styled("warning", formatCount(quarantined)),
    online === 0 ? styled("bad", `0 of ${workers.length} online`) : `${online} online`,
    formatAge(networkHead?.observedAt, now),
  ];
}
