// The status of `indexer dev`: redrawn each second on a terminal, printed every 5 s elsewhere.
// Imports only client, domain and lib.
// Never fails: a status that cannot be read is a line of text.
import type { Client } from "../client/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangeSize } from "../domain/height.js";
import { errorMessage } from "../lib/error-message.js";

/** Options of `startStatusLine`. */
export interface StatusLineOptions {
  readonly client: Client;
  readonly output: NodeJS.WriteStream;
}

const terminalIntervalMs = 1_000;
const plainIntervalMs = 5_000;

/** Starts printing the status; `stop` keeps the last output visible. */
export function startStatusLine({ client, output }: StatusLineOptions): { stop(): void } {
  const terminal = output.isTTY && process.stdout.isTTY;
  const rates = createRates();
  let drawn = 0;
  let busy = false;

  const draw = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const lines = await statusLines(client, rates).catch((error: unknown) => [
        `The status cannot be read: ${errorMessage(error)}`,
      ]);
      const rewind = terminal && drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "";
      output.write(`${rewind}${lines.map((line) => `  ${line}\n`).join("")}`);
      drawn = lines.length;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void draw(), terminal ? terminalIntervalMs : plainIntervalMs);
  void draw();
  return { stop: () => clearInterval(timer) };
}

/** Returns one line per chain: its head, lag, stored blocks, rate and workers. */
async function statusLines(client: Client, rates: Rates): Promise<string[]> {
  const chains = await client.chains();
  const known = new Set(chains.map(({ chain }) => chainName(chain)));
  const unstored = client.workers().filter(({ chain }) => !known.has(chainName(chain)));
  if (chains.length + unstored.length === 0) return ["No chain: waiting for the first worker."];
  const lines = chains.map(async ({ chain, head, networkHead }) => {
    const ranges = await client.indexed(chain);
    const stored = ranges.reduce((sum, range) => sum + rangeSize(range), 0);
    const lag =
      head === undefined || networkHead === undefined
        ? undefined
        : Math.max(0, networkHead.height - head.height);
    const parts = [
      chainName(chain),
      head === undefined ? "no blocks stored" : `head ${formatNumber(head.height)}`,
      lag === undefined ? "network head unknown" : lag === 0 ? "up to date" : `${formatNumber(lag)} behind`,
      `${formatNumber(stored)} blocks stored`,
      `${rates(chain, stored).toFixed(1)} blocks/s`,
      workerCount(client, chain),
    ];
    return parts.join(" · ");
  });
  return [
    ...(await Promise.all(lines)),
    ...unstored.map(({ chain }) => `${chainName(chain)} · no blocks stored · ${workerCount(client, chain)}`),
  ];
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
