// Metrics: one registry per process. The code that counts a metric declares it; its name starts with `indexer_`.
import { collectDefaultMetrics, Registry } from "prom-client";

export { Counter, Gauge, Histogram } from "prom-client";
/** The registry of a process. */
export type Metrics = Registry;

/** Creates a registry; `processMetrics` adds the metrics of Node.js, such as event-loop delay and heap size. */
export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}
