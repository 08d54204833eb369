// Metrics of the endpoints of chains.
// Imports only domain, lib and this folder.
// Never calls an endpoint.
import { Gauge, type Metrics } from "../lib/metrics.js";
import { chainName } from "../domain/chain.js";
import type { EndpointStatus } from "./endpoints.js";
import type { ChainReader } from "./port.js";

const gauges: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (status: EndpointStatus) => number | undefined;
}[] = [
  {
    name: "indexer_endpoint_cooldown_seconds",
    help: "Seconds until a failing endpoint may be called again; 0 if it is healthy.",
    value: ({ cooldownMs }) => cooldownMs / 1000,
  },
  {
    name: "indexer_endpoint_latency_seconds",
    help: "Smoothed latency of an endpoint, after its first response.",
    value: ({ latencyMs }) => (latencyMs === undefined ? undefined : latencyMs / 1000),
  },
  {
    name: "indexer_endpoint_requests_per_second_limit",
    help: "Maximum requests per second to an endpoint; infinite until its first rate limit.",
    value: ({ requestsPerSecond }) => requestsPerSecond,
  },
];

/** Declares the gauges; each scrape reads the `readers` that the process has at that moment. */
export function registerEndpointGauges(registry: Metrics, readers: () => Iterable<ChainReader>): void {
  for (const { name, help, value } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ["chain", "endpoint"],
      registers: [registry],
      collect() {
        this.reset();
        for (const reader of readers()) {
          const chain = chainName(reader.chain);
          for (const status of reader.endpoints?.() ?? []) {
            const number = value(status);
            if (number !== undefined) this.set({ chain, endpoint: status.name }, number);
          }
        }
      },
    });
  }
}
