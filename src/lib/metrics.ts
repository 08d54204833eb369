// Metrics: one registry per process. The code that counts a metric declares it; its name starts with `indexer_`.
import { getHeapStatistics } from "node:v8";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

export { Counter, Gauge, Histogram } from "prom-client";
/** The registry of a process. */
export type Metrics = Registry;

/** Creates a registry; `processMetrics` adds the metrics of Node.js, such as event-loop delay and heap size. */
export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) {
    collectDefaultMetrics({ register: registry });
    registerHeapLimit(registry);
  }
  return registry;
}

/** The library reports the heap's size only; an alert needs its limit as well. */
function registerHeapLimit(registry: Metrics): void {
  new Gauge({
    name: "indexer_heap_limit_bytes",
    help: "Size at which the JavaScript heap is full and the process ends.",
    registers: [registry],
    collect() {
      this.set(getHeapStatistics().heap_size_limit);
    },
  });
}
