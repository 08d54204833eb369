// The status of `indexer dev`: redrawn each second on a terminal, printed every 5 s elsewhere, and at once for a new fault.
// Imports only client, domain, lib and this folder.
// Never fails: a status that cannot be read is a line of text.
import type { Client } from "../client/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangeSize } from "../domain/height.js";
import { errorMessage } from "../lib/error-message.js";
import { terminalFeatures } from "./config.js";
import { nodeHint } from "./node-hints.js";

/** A chain whose node does not respond, or responds wrongly. */
export interface NodeFaultReport {
  /** The chain's name; before its id is known, the network and the address. */
  readonly name: string;
  readonly reason: string;
}

/** Options of `startStatusLine`. */
export interface StatusLineOptions {
  readonly client: Client;
  readonly output: NodeJS.WriteStream;
  /** Chains that are not open yet, and open chains whose node has a fault. */
  readonly faults: () => readonly NodeFaultReport[];
  /** The chains that are not open yet. */
  readonly opening: () => readonly string[];
}

/** The status line of a process. */
export interface StatusLine {
  /** Prints text above the status. */
  print(text: string): void;
  /** Shows the current status now. */
  refresh(): void;
  /** Stops; the last status stays visible. */
  stop(): void;
}

const terminalIntervalMs = 1_000;
const plainIntervalMs = 5_000;
/** How often faults are compared where the status is printed rarely. */
const faultIntervalMs = 500;

/** Starts printing the status. */
export function startStatusLine(options: StatusLineOptions): StatusLine {
  const { output, faults } = options;
  const { interactive } = terminalFeatures(output);
  const rates = createRates();
  let lines: readonly string[] = [];
  let drawn = 0;
  let busy = false;

  const write = (text: string): void => {
    const rewind = interactive && drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "";
    const shown = lines.map((line) => `  ${line}`);
    // A long line takes several rows of the terminal.
    const columns = Math.max(1, output.columns);
    drawn = interactive ? shown.reduce((sum, line) => sum + Math.ceil(line.length / columns), 0) : 0;
    output.write(`${rewind}${text}${shown.map((line) => `${line}\n`).join("")}`);
  };
  const draw = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      lines = await statusLines(options, rates).catch((error: unknown) => [
        `The status cannot be read: ${errorMessage(error)}`,
      ]);
      write("");
    } finally {
      busy = false;
    }
  };
  let known = new Set<string>();
  const reportNewFaults = (): void => {
    const current = faults().map((fault) => ({ fault, key: faultKey(fault) }));
    const news = current.filter(({ key }) => !known.has(key));
    known = new Set(current.map(({ key }) => key));
    if (news.length === 0) return;
    if (interactive) void draw();
    else for (const { fault } of news) output.write(`  ${fault.name} · ${faultLine(fault.reason)}\n`);
  };
  const timers = [
    setInterval(() => void draw(), interactive ? terminalIntervalMs : plainIntervalMs),
    setInterval(reportNewFaults, faultIntervalMs),
  ];
  void draw();
  return {
    print: (text) => (interactive ? write(text) : void process.stderr.write(text)),
    refresh: () => void draw(),
    stop: () => timers.forEach((timer) => clearInterval(timer)),
  };
}

/** Returns one line per chain: its head, lag, stored blocks, rate and workers; and one per fault. */
async function statusLines({ client, opening, faults }: StatusLineOptions, rates: Rates): Promise<string[]> {
  const chains = await client.chains();
  const known = new Set(chains.map(({ chain }) => chainName(chain)));
  const unstored = client.workers().filter(({ chain }) => !known.has(chainName(chain)));
  const reported = new Map(faults().map(({ name, reason }) => [name, reason]));
  const faultLines = (name: string): string[] => {
    const reason = reported.get(name);
    return reason === undefined ? [] : [`  ${faultLine(reason)}`];
  };
  const stored = chains.map(async ({ chain, head, networkHead }) => {
    const ranges = await client.indexed(chain);
    const count = ranges.reduce((sum, range) => sum + rangeSize(range), 0);
    const lag =
      head === undefined || networkHead === undefined
        ? undefined
        : Math.max(0, networkHead.height - head.height);
    const parts = [
      chainName(chain),
      head === undefined ? "no blocks stored" : `head ${formatNumber(head.height)}`,
      lag === undefined ? "network head unknown" : lag === 0 ? "up to date" : `${formatNumber(lag)} behind`,
      `${formatNumber(count)} blocks stored`,
      `${rates(chain, count).toFixed(1)} blocks/s`,
      workerCount(client, chain),
    ];
    return [parts.join(" · "), ...faultLines(chainName(chain))];
  });
  const result = [
    ...(await Promise.all(stored)).flat(),
    ...unstored.flatMap(({ chain }) => [
      `${chainName(chain)} · no blocks stored · ${workerCount(client, chain)}`,
      ...faultLines(chainName(chain)),
    ]),
    ...opening().flatMap((name) => [`${name} · connecting to the node`, ...faultLines(name)]),
  ];
  return result.length === 0 ? ["No chain: waiting for the first worker."] : result;
}

function faultLine(reason: string): string {
  return `node: ${reason} ${nodeHint(reason)}`;
}

/** The seconds of a silence change all the time and are no news. */
function faultKey({ name, reason }: NodeFaultReport): string {
  return `${name} ${reason.replace(/\d+(\.\d+)? s\b/g, "")}`;
}

function workerCount(client: Client, chain: ChainRef): string {
  const online = client.workers(chain).filter(({ state }) => state === "ONLINE").length;
  return online === 1 ? "1 worker" : `${online} workers`;
}

/** Returns a chain's stored blocks per second since the previous call. */
type Rates = (chain: ChainRef, stored: number) => number;

function createRates(): Rates {
  const last = new Map<string, { readonly stored: number; readonly at: number }>();
  return (chain, stored) => {
    const now = performance.now();
    const previous = last.get(chainName(chain));
    last.set(chainName(chain), { stored, at: now });
    return previous === undefined ? 0 : Math.max(0, stored - previous.stored) / ((now - previous.at) / 1_000);
  };
}

function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}
