// The line that `indexer dev` keeps showing: redrawn on a terminal, one line every 5 s elsewhere.
import type { Client } from "../client/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangeSize } from "../domain/height.js";

export interface StatusLineOptions {
  readonly client: Client;
  readonly output: NodeJS.WriteStream;
}

const terminalBeat = 1_000;
const plainBeat = 5_000;

/** Starts to show; `stop` leaves the last state standing. */
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
        `The database does not answer: ${error instanceof Error ? error.message : String(error)}`,
      ]);
      const rewind = terminal && drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "";
      output.write(`${rewind}${lines.map((line) => `  ${line}\n`).join("")}`);
      drawn = lines.length;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void draw(), terminal ? terminalBeat : plainBeat);
  void draw();
  return { stop: () => clearInterval(timer) };
}

/** One line a chain: how far it is, how fast, and who works on it. */
async function statusLines(client: Client, rates: Rates): Promise<string[]> {
  const chains = await client.chains();
  const known = new Set(chains.map(({ chain }) => chainName(chain)));
  const fresh = client.workers().filter(({ chain }) => !known.has(chainName(chain)));
  if (chains.length + fresh.length === 0)
    return ["No chain yet: waiting for a worker to say which it reads."];
  const lines = chains.map(async ({ chain, head, networkHead }) => {
    const ranges = await client.indexed(chain);
    const stored = ranges.reduce((sum, range) => sum + rangeSize(range), 0);
    const lag =
      head === undefined || networkHead === undefined
        ? undefined
        : Math.max(0, networkHead.height - head.height);
    const parts = [
      chainName(chain),
      head === undefined ? "nothing stored yet" : `head ${number(head.height)}`,
      lag === undefined ? "network head unknown" : lag === 0 ? "up to date" : `${number(lag)} behind`,
      `${number(stored)} blocks whole`,
      `${rates(chain, stored).toFixed(1)} blocks/s`,
      workersOf(client, chain),
    ];
    return parts.join(" · ");
  });
  return [
    ...(await Promise.all(lines)),
    ...fresh.map(({ chain }) => `${chainName(chain)} · nothing stored yet · ${workersOf(client, chain)}`),
  ];
}

function workersOf(client: Client, chain: ChainRef): string {
  const online = client.workers(chain).filter(({ state }) => state === "ONLINE").length;
  return online === 1 ? "1 worker" : `${online} workers`;
}

/** Blocks a second since the last look, by chain. */
type Rates = (chain: ChainRef, stored: number) => number;

function createRates(): Rates {
  const last = new Map<string, { readonly stored: number; readonly at: number }>();
  return (chain, stored) => {
    const now = performance.now();
    const before = last.get(chainName(chain));
    last.set(chainName(chain), { stored, at: now });
    return before === undefined ? 0 : Math.max(0, stored - before.stored) / ((now - before.at) / 1_000);
  };
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
