// An HTTP server on a free port, with a gateway over the canned client.
import { createHttpServer, type HttpServer, type HttpServerOptions } from "../http/server.js";
import { silentLogger } from "../lib/logger.js";
import type { GatewayOptions } from "../graphql/gateway.js";
import { createTestGateway, type TestGateway } from "./gateway.js";

/** A server that listens, with its gateway and client. */
export interface TestServer extends TestGateway {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
}

/** Starts a server on a free port. */
export async function startTestServer(
  options: Partial<HttpServerOptions> = {},
  gatewayOptions: Partial<GatewayOptions> = {},
): Promise<TestServer> {
  const test = createTestGateway(gatewayOptions);
  const server = createHttpServer({
    address: "127.0.0.1:0",
    gateway: test.gateway,
    client: test.client,
    metrics: test.metrics,
    logger: silentLogger(),
    register: async () => {},
    legacyWorkers: () => ({}),
    health: async () => ({ ready: true, reasons: [] }),
    ...options,
  });
  const { url, port } = await server.listen();
  return { ...test, server, url, port };
}
