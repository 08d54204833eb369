// The paths /health, /health/live and /metrics of a process that serves no GraphQL. Imports lib and this folder.
// Never fails: a status that cannot be read is 503 with its reason.
import { errorMessage } from "../lib/error-message.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import { createFastify, listen } from "./listener.js";
import { addMetrics } from "./metrics-server.js";

/** The status of a process. */
export interface StatusReport {
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
  /** Facts for operators. */
  readonly [fact: string]: unknown;
}

/** A server with the status of a process. */
export interface StatusServer {
  /** The URL that works from this machine, without a path. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the server on `host:port`. */
export async function startStatusServer(options: {
  readonly address: string;
  readonly status: () => Promise<StatusReport>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): Promise<StatusServer> {
  const server = createFastify(options.logger);
  addMetrics(server, options.metrics);
  server.get("/health/live", async () => ({ live: true }));
  server.get("/health", async (_request, reply) => {
    const report = await options
      .status()
      .catch((error: unknown): StatusReport => ({ ready: false, reasons: [errorMessage(error)] }));
    return reply
      .code(report.ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send(report);
  });
  const { url } = await listen(server, options.address, "ADDRESS");
  return { url, close: () => server.close() };
}
