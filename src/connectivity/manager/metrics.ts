// The metrics of connectivity, in one place.
// Imports only domain and lib; never counts by itself.
import { IndexerError } from "../../domain/errors.js";
import { Counter, Gauge, type Metrics } from "../../lib/metrics.js";

/** The counters. */
export interface ConnectivityMetrics {
  readonly dropped: Counter<"reason">;
  readonly parts: Counter<"chain">;
  readonly finals: Counter<"chain" | "outcome">;
  readonly calls: Counter<"chain">;
  /** Counts a task that failed permanently; ignores errors that are not an IndexerError. */
  countFailure(error: unknown): void;
}

/** The sources of the gauges. */
export interface ConnectivityGauges {
  tasksQueued(): number;
  tasksInFlight(): number;
  bufferedBytes(): number;
  workersByState(): Iterable<readonly [state: string, count: number]>;
}

/** Registers the counters. */
export function createConnectivityMetrics(registry: Metrics): ConnectivityMetrics {
  const registers = [registry];
  const failed = new Counter({
    name: "indexer_tasks_failed_total",
    help: "Tasks that failed permanently, by error code.",
    labelNames: ["reason"],
    registers,
  });
  return {
    dropped: new Counter({
      name: "indexer_messages_dropped_total",
      help: "Messages of workers, or items in them, that were dropped, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    parts: new Counter({
      name: "indexer_task_parts_total",
      help: "Messages with results that workers sent.",
      labelNames: ["chain"],
      registers,
    }),
    finals: new Counter({
      name: "indexer_task_finals_total",
      help: "Ends of calls, by outcome; broken: protocol violation or early end; lost: the session ended.",
      labelNames: ["chain", "outcome"],
      registers,
    }),
    calls: new Counter({
      name: "indexer_task_calls_total",
      help: "Calls of tasks at workers, retries included.",
      labelNames: ["chain"],
      registers,
    }),
    countFailure(error) {
      if (error instanceof IndexerError) failed.inc({ reason: error.code });
    },
  };
}

/** Registers the gauges; each scrape reads their sources. */
export function registerGauges(registry: Metrics, read: ConnectivityGauges): void {
  const registers = [registry];
  new Gauge({
    name: "indexer_tasks_queued",
    help: "Tasks that wait for a worker.",
    registers,
    collect() {
      this.set(read.tasksQueued());
    },
  });
  new Gauge({
    name: "indexer_tasks_in_flight",
    help: "Tasks that workers execute.",
    registers,
    collect() {
      this.set(read.tasksInFlight());
    },
  });
  new Gauge({
    name: "indexer_results_buffered_bytes",
    help: "Bytes of results that wait for their consumers.",
    registers,
    collect() {
      this.set(read.bufferedBytes());
    },
  });
  new Gauge({
    name: "indexer_workers",
    help: "Workers by state.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of read.workersByState()) this.set({ state }, count);
    },
  });
}
