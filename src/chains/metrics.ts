// How the endpoints of chains are doing, as metrics.
// Imports only lib and this folder; never asks an endpoint.
import { Gauge, type Metrics } from "../lib/metrics.js";
import { chainName } from "../domain/chain.js";
import type { EndpointStatus } from "./endpoints.js";
import type { ChainReader } from "./port.js";

const shown: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (status: EndpointStatus) => number | undefined;
}[] = [
  {
    name: "indexer_endpoint_rest_seconds",
    help: "Seconds until a failing endpoint is asked again; 0 while it is well.",
    value: ({ restMs }) => restMs / 1000,
  },
  {
    name: "indexer_endpoint_latency_seconds",
    help: "Smoothed time of an endpoint's answers, once it answered.",
    value: ({ latencyMs }) => (latencyMs === undefined ? undefined : latencyMs / 1000),
  },
  {
    name: "indexer_endpoint_requests_per_second_limit",
    help: "Requests a second that an endpoint gets at most; infinite until it complains.",
    value: ({ requestsPerSecond }) => requestsPerSecond,
  },
];

/** Declares the gauges, read when they are scraped; `readers` are those of the process at that moment. */
export function registerEndpointGauges(registry: Metrics, readers: () => Iterable<ChainReader>): void {
  for (const { name, help, value } of shown) {
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
