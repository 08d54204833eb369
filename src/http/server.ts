// The HTTP server of a manager: maps paths to their handlers. Imports domain, lib and this folder.
// Never parses GraphQL: it passes requests to the endpoint.
import type { FastifyInstance } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import type { GraphqlEndpoint, HealthReport, Register } from "./endpoint.js";
import { failure } from "./failures.js";
import { addHealth } from "./health.js";
import { homePage, homePolicy } from "./home-page.js";
import { createFastify, listen } from "./listener.js";
import { addMetrics } from "./metrics-server.js";
import { addRegistration } from "./registration.js";
import { createSchedulerRequests, type SchedulerClient } from "./scheduler-requests.js";
import { createSchedulerSocket, type SchedulerSocket } from "./scheduler-socket.js";
import { addScrapeLatest } from "./scrape-latest.js";

/** The dependencies and settings of the server. */
export interface HttpServerOptions {
  /** `host:port`. Port 0 means any free port. */
  readonly address: string;
  /** Serves /metrics on this address instead of `address`. */
  readonly metricsAddress?: string;
  readonly gateway: GraphqlEndpoint;
  readonly register: Register;
  readonly legacyWorkers: () => unknown;
  /** The use cases that schedulers call. */
  readonly client: SchedulerClient;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Milliseconds for requests to finish when the server closes. */
  readonly closeGraceMs?: number;
}

/** The addresses of a server that listens. */
export interface Listening {
  readonly url: string;
  readonly port: number;
  /** The URL of /metrics. */
  readonly metricsUrl: string;
}

/** The HTTP server of a manager. */
export interface HttpServer {
  listen(): Promise<Listening>;
  /** Rejects new requests, ends subscriptions, waits for requests, then closes all connections after `closeGraceMs`. */
  close(): Promise<void>;
}

/** Creates a server that does not listen yet. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { gateway, logger, metrics, closeGraceMs = 5_000 } = options;
  let closing: Promise<void> | undefined;
  const isClosing = (): boolean => closing !== undefined;

  const main = createFastify(logger);
  const requests = createSchedulerRequests(options.client, logger);
  const schedulerSocket = createSchedulerSocket({ requests, legacyWorkers: options.legacyWorkers });
  addGraphql(main, gateway);
  addUpgrades(main, { gateway, schedulerSocket, isClosing });
  addScrapeLatest(main, requests);
  addRegistration(main, options);
  addHealth(main, { health: options.health, isClosing });
  addPages(main, gateway.printedSchema);
  const aside = options.metricsAddress === undefined ? undefined : createFastify(logger);
  addMetrics(aside ?? main, metrics);
  const servers = [main, ...(aside === undefined ? [] : [aside])];
  const active = servers.map(countRequests);

  const close = async (): Promise<void> => {
    const closed = Promise.all(servers.map((server) => server.close()));
    const deadline = performance.now() + closeGraceMs + 1_000;
    // Browsers keep idle connections open, which would delay the close.
    const sweep = setInterval(() => {
      const busy = active.some((count) => count() > 0) && performance.now() < deadline;
      for (const { server } of servers) {
        if (busy) server.closeIdleConnections();
        else server.closeAllConnections();
      }
    }, 25);
    try {
      schedulerSocket.close();
      await gateway.close(closeGraceMs);
      await closed;
    } finally {
      clearInterval(sweep);
    }
  };

  return {
    listen: async () => {
      const { url, port } = await listen(main, options.address, "ADDRESS");
      if (aside === undefined || options.metricsAddress === undefined) {
        return { url, port, metricsUrl: `${url}/metrics` };
      }
      const own = await listen(aside, options.metricsAddress, "METRICS_ADDRESS");
      return { url, port, metricsUrl: `${own.url}/metrics` };
    },
    close: () => (closing ??= close()),
  };
}

/** Counts the requests of a server without a complete response. */
function countRequests({ server }: FastifyInstance): () => number {
  let count = 0;
  server.on("request", (_request: IncomingMessage, response: ServerResponse) => {
    count += 1;
    response.once("close", () => (count -= 1));
  });
  return () => count;
}

function addGraphql(server: FastifyInstance, gateway: GraphqlEndpoint): void {
  void server.register(async (scope) => {
    // The endpoint reads bodies itself, with its own limit.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.route({
      method: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
      url: "/graphql",
      handler: (request, reply) => {
        reply.hijack();
        gateway.handle(request.raw, reply.raw);
      },
    });
  });
}

interface Upgrades {
  readonly gateway: GraphqlEndpoint;
  readonly schedulerSocket: SchedulerSocket;
  readonly isClosing: () => boolean;
}

function addUpgrades(server: FastifyInstance, { gateway, schedulerSocket, isClosing }: Upgrades): void {
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (isClosing())
      return refuseUpgrade(
        socket,
        failure("SHUTTING_DOWN", "This manager is shutting down. Connect to another manager."),
      );
    if (path === "/graphql") return gateway.handleUpgrade(request, socket, head);
    if (schedulerSocket.serves(path)) {
      const refusal = schedulerSocket.refusal(request);
      if (refusal !== undefined) return refuseUpgrade(socket, failure("FORBIDDEN", refusal));
      return schedulerSocket.handleUpgrade(request, socket, head);
    }
    return refuseUpgrade(socket, failure("NOT_FOUND", "No such path for WebSockets. Connect to /graphql."));
  });
}

function refuseUpgrade(socket: Duplex, { status, body }: ReturnType<typeof failure>): void {
  socket.on("error", () => {});
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

function addPages(server: FastifyInstance, printedSchema: string): void {
  server.get("/", async (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", homePolicy)
      .header("cache-control", "no-cache")
      .send(homePage),
  );
  server.get("/schema.graphql", async (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send(printedSchema),
  );
}
