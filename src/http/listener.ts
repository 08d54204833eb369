// Creates Fastify servers with their limits, and starts them. Imports lib and this folder. Never adds a route.
import { fastify, type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import { listenFailure } from "../lib/listen-failure.js";
import type { Logger } from "../lib/logger.js";
import { addFailures } from "./failures.js";
import { parseListenAddress } from "./listen-address.js";

/** Milliseconds within which a request must arrive completely. */
const requestTimeout = 30_000;
/**
 * Milliseconds after which an idle connection is closed. Longer than the time limit of a fetch, whose response starts only
 * at its end.
 */
const connectionTimeout = 11 * 60_000;

/** Creates a server without routes that does not listen yet. */
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

/**
 * Listens on `host:port`. Resolves to the port, and a URL that works from this machine. Rejects with the next step if the
 * address cannot be used; `setting` names the setting that chooses it.
 */
export async function listen(
  server: FastifyInstance,
  address: string,
  setting: string,
): Promise<{ readonly url: string; readonly port: number }> {
  const { host, port } = parseListenAddress(address);
  await server.listen({ host, port }).catch((error: unknown) => {
    throw listenFailure(error, { address, setting });
  });
  const found: AddressInfo | string | null = server.server.address();
  const bound = typeof found === "object" && found !== null ? found.port : port;
  return { url: urlOf(host, bound), port: bound };
}

function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::") return `http://localhost:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}
