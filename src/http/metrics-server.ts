// The path /metrics, on the main server or on its own server. Imports lib and this folder. Never defines a metric.
import type { FastifyInstance } from "fastify";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import { createFastify, listen } from "./listener.js";

/** Adds the path /metrics to a server. */
export function addMetrics(server: FastifyInstance, metrics: Metrics): void {
  server.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

/** A server with only the path /metrics. */
export interface MetricsServer {
  /** The URL of /metrics that works from this machine. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server for /metrics on `host:port`, for processes that serve nothing else over HTTP. */
export async function startMetricsServer(options: {
  readonly address: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): Promise<MetricsServer> {
  const server = createFastify(options.logger);
  addMetrics(server, options.metrics);
  const { url } = await listen(server, options.address, "METRICS_ADDRESS");
  return { url: `${url}/metrics`, close: () => server.close() };
}
