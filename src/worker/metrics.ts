// Metrics of a worker's process.
// Imports only chains, connectivity and lib.
// Never serves them.
import { Gauge, createMetrics, type Metrics } from "../lib/metrics.js";
import { registerEndpointGauges } from "../chains/metrics.js";
import type { ChainReader } from "../chains/port.js";
import type { WorkerSessionServer } from "../connectivity/worker/session-server.js";

/** Creates the metrics of a worker: its tasks, its endpoints and its process. */
export function createWorkerMetrics(
  reader: ChainReader,
  sessionServer: Pick<WorkerSessionServer, "inFlight" | "draining">,
): Metrics {
  const metrics = createMetrics({ processMetrics: true });
  const registers = [metrics];
  registerEndpointGauges(metrics, () => [reader]);
  new Gauge({
    name: "indexer_worker_tasks",
    help: "Running and queued tasks of this worker.",
    registers,
    collect() {
      this.set(sessionServer.inFlight);
    },
  });
  new Gauge({
    name: "indexer_worker_draining",
    help: "1 while this worker drains and rejects new tasks, else 0.",
    registers,
    collect() {
      this.set(sessionServer.draining ? 1 : 0);
    },
  });
  return metrics;
}
