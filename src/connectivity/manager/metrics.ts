// What connectivity counts. One place, so that the documentation's table can be made from it.
import { Counter, Gauge, type Metrics } from "../../lib/metrics.js";

export interface ConnectivityMetrics {
  readonly dropped: Counter<"reason">;
  readonly parts: Counter<"chain">;
  readonly finals: Counter<"chain" | "outcome">;
  readonly failed: Counter<"reason">;
  readonly asked: Counter<"chain">;
}

/** Reads of the moment. */
export interface ConnectivityGauges {
  tasksQueued(): number;
  tasksInFlight(): number;
  waitingBytes(): number;
  sessions(): Iterable<readonly [state: string, count: number]>;
}

/** Declares the counters. */
export function createConnectivityMetrics(registry: Metrics): ConnectivityMetrics {
  const registers = [registry];
  return {
    dropped: new Counter({
      name: "indexer_messages_dropped_total",
      help: "Messages of workers, or things in them, that were not used, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    parts: new Counter({
      name: "indexer_task_parts_total",
      help: "Messages with answers that workers sent.",
      labelNames: ["chain"],
      registers,
    }),
    finals: new Counter({
      name: "indexer_task_finals_total",
      help: "Ends of askings, by outcome; lost: the worker went away or broke the protocol.",
      labelNames: ["chain", "outcome"],
      registers,
    }),
    failed: new Counter({
      name: "indexer_tasks_failed_total",
      help: "Tasks that failed for good, by the code of the error.",
      labelNames: ["reason"],
      registers,
    }),
    asked: new Counter({
      name: "indexer_task_askings_total",
      help: "Times a task was given to a worker, repeats included.",
      labelNames: ["chain"],
      registers,
    }),
  };
}

/** Declares the gauges, read when they are scraped. */
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
    help: "Tasks that workers hold.",
    registers,
    collect() {
      this.set(read.tasksInFlight());
    },
  });
  new Gauge({
    name: "indexer_answers_waiting_bytes",
    help: "Bytes of answers that wait for those who asked.",
    registers,
    collect() {
      this.set(read.waitingBytes());
    },
  });
  new Gauge({
    name: "indexer_workers",
    help: "Workers by state.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of read.sessions()) this.set({ state }, count);
    },
  });
}
