// A Fastify server of ours: its limits, where it listens, how it is reached. Imports lib and this folder.
import { fastify, type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import type { Logger } from "../lib/logger.js";
import { addFailures } from "./failures.js";
import { parseListenAddress } from "./listen-address.js";

/** Milliseconds in which a request must have arrived whole. */
const requestTimeout = 30_000;
/**
 * Milliseconds after which a connection on which nothing moves is ended: longer than the longest answer takes to begin, so
 * that it meets only those who stopped reading.
 */
const connectionTimeout = 11 * 60_000;

/** Creates a server without routes, not listening yet. */
export function createFastify(logger: Logger): FastifyInstance {
  const server = fastify({
    logger: false,
    requestTimeout,
    connectionTimeout,
    forceCloseConnections: "idle",
    routerOptions: { ignoreTrailingSlash: true },
  });
  addFailures(server, logger);
  server.addHook("onSend", async (_request, reply) => {
    void reply.header("x-content-type-options", "nosniff");
  });
  return server;
}

/** Listens on `host:port`; says the port, and a URL that works from this machine. */
export async function listen(
  server: FastifyInstance,
  address: string,
): Promise<{ readonly url: string; readonly port: number }> {
  const { host, port } = parseListenAddress(address);
  await server.listen({ host, port });
  const found: AddressInfo | string | null = server.server.address();
  const bound = typeof found === "object" && found !== null ? found.port : port;
  return { url: urlOf(host, bound), port: bound };
}

function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::") return `http://localhost:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}
