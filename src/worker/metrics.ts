// What a worker's process counts.
import { Gauge, createMetrics, type Metrics } from "../lib/metrics.js";
import { registerEndpointGauges } from "../chains/metrics.js";
import type { ChainReader } from "../chains/port.js";
import type { WorkerSessionServer } from "../connectivity/worker/session-server.js";

/** The metrics of a worker: its tasks, its endpoints, its process. */
export function createWorkerMetrics(
  reader: ChainReader,
  responder: Pick<WorkerSessionServer, "inFlight" | "draining">,
): Metrics {
  const metrics = createMetrics({ processMetrics: true });
  const registers = [metrics];
  registerEndpointGauges(metrics, () => [reader]);
  new Gauge({
    name: "indexer_worker_tasks",
    help: "Tasks that this worker works at or holds for later.",
    registers,
    collect() {
      this.set(responder.inFlight);
    },
  });
  new Gauge({
    name: "indexer_worker_draining",
    help: "1 while this worker takes nothing new because it is going.",
    registers,
    collect() {
      this.set(responder.draining ? 1 : 0);
    },
  });
  return metrics;
}
