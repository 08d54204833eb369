// Metrics: one registry a process, each metric declared where it is counted, named `indexer_…`.
import { collectDefaultMetrics, Registry } from "prom-client";

export { Counter, Gauge, Histogram } from "prom-client";
export type Metrics = Registry;

/** Creates a registry; with `processMetrics`, event-loop delay, heap and the like are in it. */
export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}
