// What the gateway counts of itself. Imports lib/metrics; never labels by what an caller wrote.
import { Counter, Gauge, Histogram, type Metrics } from "../lib/metrics.js";
import type { Transport } from "./context.js";

/** Counts operations and subscriptions. */
export interface OperationMetrics {
  /** An operation that ended: `ok`, or the code of its first error. */
  ended(operation: string, outcome: string, seconds: number): void;
  /** A subscription that began; returns how to say that it ended. */
  subscribed(transport: Transport): () => void;
  /** Subscriptions that are open over a transport. */
  open(transport: Transport): number;
  /** Sockets that are open now. */
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
    help: "Seconds from parsed to answered; of a subscription, until it was accepted.",
    labelNames: ["operation"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const subscriptions = new Gauge({
    name: "indexer_graphql_subscriptions",
    help: "Subscriptions that are open, by transport.",
    labelNames: ["transport"],
    registers,
  });
  const sockets = new Gauge({
    name: "indexer_graphql_sockets",
    help: "WebSockets that are open.",
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
