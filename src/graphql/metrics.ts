// The metrics of the gateway. Imports lib/metrics. Never uses text of a caller as a label.
import { Counter, Gauge, Histogram, type Metrics } from "../lib/metrics.js";
import type { Transport } from "./context.js";

/** Counts operations and subscriptions. */
export interface OperationMetrics {
  /** Counts an operation that ended. The outcome is `ok` or the code of its first error. */
  ended(operation: string, outcome: string, seconds: number): void;
  /** Counts a subscription that started. Returns the function to call when it ends. */
  subscribed(transport: Transport): () => void;
  /** Returns the number of open subscriptions of a transport. */
  open(transport: Transport): number;
  /** Sets the number of open WebSockets. */
  sockets(count: number): void;
}

/** Declares the gateway's metrics on a registry. */
export function createOperationMetrics(registry: Metrics): OperationMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "indexer_graphql_requests_total",
    help: "GraphQL operations that ended, by type and outcome: ok, or the code of the first error.",
    labelNames: ["operation", "outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "indexer_graphql_request_seconds",
    help: "Seconds from the parsed operation to its response. For a subscription, to its start.",
    labelNames: ["operation"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const subscriptions = new Gauge({
    name: "indexer_graphql_subscriptions",
    help: "Open subscriptions, by transport.",
    labelNames: ["transport"],
    registers,
  });
  const sockets = new Gauge({
    name: "indexer_graphql_sockets",
    help: "Open WebSockets.",
    registers,
  });
  const open = { websocket: 0, sse: 0 };
  return {
    ended: (operation, outcome, duration) => {
      requests.inc({ operation, outcome });
      seconds.observe({ operation }, duration);
    },
    subscribed: (transport) => {
      open[transport] += 1;
      subscriptions.set({ transport }, open[transport]);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        open[transport] -= 1;
        subscriptions.set({ transport }, open[transport]);
      };
    },
    open: (transport) => open[transport],
    sockets: (count) => sockets.set(count),
  };
}
