// A gateway over the canned client, used without a socket.
import { createGateway, type Gateway, type GatewayOptions } from "../graphql/gateway.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics, type Metrics } from "../lib/metrics.js";
import { createCannedClient, type CannedClient } from "./canned-client.js";

/** The status, headers and parsed body of a response over HTTP. */
export interface GraphqlResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Record<string, unknown>;
  }[];
}

/** A gateway with its client and metrics, and functions to send operations. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly client: CannedClient;
  readonly metrics: Metrics;
  /** Sends an operation by POST and accepts application/graphql-response+json. */
  execute(query: string, variables?: Record<string, unknown>): Promise<GraphqlResponse>;
  /** Subscribes by server-sent events. Ending the iteration ends the subscription. */
  subscribe(
    query: string,
    variables?: Record<string, unknown>,
  ): AsyncGenerator<GraphqlEvent, void, undefined>;
}

/** One event of a subscription. */
export type GraphqlEvent = Pick<GraphqlResponse, "data" | "errors">;

async function* parseEvents(response: Response): AsyncGenerator<GraphqlEvent, void, undefined> {
  if (response.body === null) return;
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^event: next\ndata: (.*)$/s.exec(event)?.[1];
      if (data !== undefined) yield JSON.parse(data) as GraphqlEvent;
    }
  }
}

/** Creates a gateway over a new canned client. */
export function createTestGateway(options: Partial<GatewayOptions> = {}): TestGateway {
  const client = createCannedClient();
  const metrics = createMetrics({ processMetrics: false });
  const manager = { id: "manager-1", version: "9.9.9", startedAt: 1_600_000_000_000 };
  const gateway = createGateway({ client, metrics, manager, logger: silentLogger(), ...options });
  return {
    gateway,
    client,
    metrics,
    execute: async (query, variables) => {
      const response = await gateway.fetch("http://localhost/graphql", {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json()) as Omit<GraphqlResponse, "status" | "headers">;
      return { status: response.status, headers: response.headers, ...body };
    },
    subscribe: async function* (query, variables) {
      const controller = new AbortController();
      try {
        const response = await gateway.fetch("http://localhost/graphql", {
          method: "POST",
          headers: { "content-type": "application/json", accept: "text/event-stream" },
          body: JSON.stringify({ query, variables }),
          signal: controller.signal,
        });
        yield* parseEvents(response);
      } finally {
        controller.abort();
      }
    },
  };
}
