// Gauges of the database and of each chain: heads, missing and quarantined heights, workers.
// Imports only levels below.
// Never fails or delays a scrape: without the database, only `indexer_database_up` and the workers are reported.
import type { Client } from "../client/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { rangeSize, totalHeights } from "../domain/height.js";
import type { WorkerState } from "../domain/worker.js";
import type { Clock } from "../lib/clock.js";
import { Gauge, type Metrics } from "../lib/metrics.js";
import type { ChainRecord } from "../store/port.js";

/** The sources of the gauges. */
export interface ChainMetricsOptions {
  readonly client: Pick<Client, "chains" | "indexed" | "workers">;
  readonly registry: Metrics;
  readonly clock: Clock;
  /** Milliseconds that the database has to respond to a scrape; 3 s by default. */
  readonly timeLimitMs?: number;
}

const states: readonly WorkerState[] = ["CONNECTING", "ONLINE", "DRAINING", "OFFLINE"];

/** A stored chain at one scrape. */
interface ChainReading {
  readonly record: ChainRecord;
  /** Missing heights from the start of following to the network's head; absent if the chain is not followed. */
  readonly missing?: number;
}

const gauges: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (reading: ChainReading) => number | undefined;
}[] = [
  {
    name: "indexer_chain_head_height",
    help: "Highest stored height of a chain.",
    value: ({ record }) => record.head?.height,
  },
  {
    name: "indexer_chain_head_time_seconds",
    help: "Time of the highest stored block of a chain, in seconds since 1970.",
    value: ({ record }) => record.head && Number(record.head.time / 1_000_000n) / 1_000,
  },
  {
    name: "indexer_chain_network_head_height",
    help: "Newest height that workers reported for a chain.",
    value: ({ record }) => record.networkHead?.height,
  },
  {
    name: "indexer_chain_missing_heights",
    help: "Heights that are not stored, between the start of following a chain and its network head.",
    value: ({ missing }) => missing,
  },
  {
    name: "indexer_chain_quarantined",
    help: "Heights and transactions of a chain that could not be decoded.",
    value: ({ record }) => record.quarantined,
  },
];

/** Registers the gauges. One scrape reads the database once. */
export function registerChainMetrics(options: ChainMetricsOptions): void {
  const { client, clock, timeLimitMs = 3_000 } = options;
  const registers = [options.registry];
  let running: Promise<readonly ChainReading[] | undefined> | undefined;
  let scrape: Promise<readonly ChainReading[] | undefined> | undefined;
  /** The last chains that the database reported, so that a chain without workers is known during its outage. */
  let known: readonly ChainRef[] = [];

  const readAll = async (): Promise<readonly ChainReading[] | undefined> => {
    try {
      const readings = await readChains(client);
      known = readings.map(({ record }) => record.chain);
      return readings;
    } catch {
      return undefined;
    }
  };
  const readInTime = async (): Promise<readonly ChainReading[] | undefined> => {
    // A database that hangs gets no second read while the first one waits.
    running ??= readAll().finally(() => (running = undefined));
    const waiting = new AbortController();
    const late = clock.sleep(timeLimitMs, waiting.signal).catch(() => undefined);
    return Promise.race([running, late.then(() => undefined)]).finally(() => waiting.abort());
  };
  // All gauges of a scrape are collected in one turn and share one read.
  const shared = (): Promise<readonly ChainReading[] | undefined> =>
    (scrape ??= readInTime().finally(() => (scrape = undefined)));

  new Gauge({
    name: "indexer_database_up",
    help: "1 if the database responded to this scrape, else 0.",
    registers,
    async collect() {
      this.set((await shared()) === undefined ? 0 : 1);
    },
  });
  for (const { name, help, value } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ["chain"],
      registers,
      async collect() {
        const readings = await shared();
        this.reset();
        for (const each of readings ?? []) {
          const number = value(each);
          if (number !== undefined) this.set({ chain: chainName(each.record.chain) }, number);
        }
      },
    });
  }
  new Gauge({
    name: "indexer_chain_workers",
    help: "Workers of a chain by state; every stored chain is listed, also without any worker.",
    labelNames: ["chain", "state"],
    registers,
    async collect() {
      await shared();
      this.reset();
      const workers = client.workers();
      const names = new Set([...known, ...workers.map(({ chain }) => chain)].map(chainName));
      for (const chain of names) for (const state of states) this.set({ chain, state }, 0);
      for (const { chain, state } of workers) this.inc({ chain: chainName(chain), state });
    },
  });
}

async function readChains(client: ChainMetricsOptions["client"]): Promise<ChainReading[]> {
  const records = await client.chains();
  return Promise.all(
    records.map(async (record): Promise<ChainReading> => {
      const { chain, followFrom: from, networkHead } = record;
      if (from === undefined || networkHead === undefined) return { record };
      const wanted = { from, to: networkHead.height };
      if (wanted.to < wanted.from) return { record, missing: 0 };
      return { record, missing: rangeSize(wanted) - totalHeights(await client.indexed(chain, wanted)) };
    }),
  );
}
