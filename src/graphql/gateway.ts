// The gateway: the schema served over HTTP, server-sent events and WebSocket. Imports client's port, domain, lib and this
// folder, and is the one place that knows how they fit together.
// Never listens on a port: whoever does hands requests over.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getOperationAST, OperationTypeNode, type GraphQLError } from "graphql";
import { createYoga, useExecutionCancellation, type YogaInitialContext } from "graphql-yoga";
import type { Client } from "../client/port.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import type { GatewayContext, ManagerInfo } from "./context.js";
import type { Stages } from "./envelop.js";
import { createPublicErrors } from "./errors.js";
import { answerPlugin, emptyResponsePlugin, pagePlugin, requestPlugin } from "./http-plugins.js";
import { defaultLimits, type Limits } from "./limits.js";
import { createLoaders } from "./loaders.js";
import { createOperationMetrics } from "./metrics.js";
import { createOriginCheck } from "./origin.js";
import {
  costPlugin,
  documentPlugin,
  metricsPlugin,
  noIntrospectionPlugin,
  subscriptionPlugin,
} from "./plugins.js";
import { printedSchema, schema } from "./schema.js";
import type { OperationRequest, SocketCaller, Prepared } from "./socket-protocol.js";
import { createSockets } from "./websocket.js";

/** What a gateway needs, and what can be set. */
export interface GatewayOptions {
  readonly client: Client;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly manager: ManagerInfo;
  /** What differs from the defaults. */
  readonly limits?: Partial<Limits>;
  /** Serves GraphiQL to browsers; on unless told. */
  readonly graphiql?: boolean;
  /** OperationResults questions about the schema; on unless told. */
  readonly introspection?: boolean;
  /** Origins whose pages may ask, beside this service's own; `*` for any. */
  readonly allowedOrigins?: readonly string[];
}

/** The gateway, to be put behind a server. */
export interface Gateway {
  /** OperationResults a request to the endpoint. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** The same without a socket, for tests. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The schema as text. */
  readonly printedSchema: string;
  /** Ends subscriptions and fetches with SHUTTING_DOWN, then closes sockets, at most `graceMs` later. */
  close(graceMs?: number): Promise<void>;
}

/** The path of the endpoint. */
const endpoint = "/graphql";

/** What a transport tells of the caller. */
interface ServerContext {
  readonly req?: IncomingMessage;
  readonly socketCaller?: SocketCaller;
}

/** Creates the gateway. */
export function createGateway(options: GatewayOptions): Gateway {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const { client, manager, logger } = options;
  const errors = createPublicErrors(logger);
  const metrics = createOperationMetrics(options.metrics);
  const allowedOrigins = options.allowedOrigins ?? [];
  const isOwnOrigin = createOriginCheck(allowedOrigins);
  const closing = new AbortController();
  const costs = new WeakMap<object, number>();

  const contextFor = ({
    request,
    req,
    socketCaller,
  }: YogaInitialContext & ServerContext): GatewayContext => ({
    client,
    manager,
    limits,
    loaders: createLoaders(client, { remember: true }),
    transport: socketCaller === undefined ? "sse" : "websocket",
    caller: (socketCaller?.request ?? req)?.socket.remoteAddress ?? "unknown",
    disconnected: socketCaller?.disconnected ?? request.signal,
    closing: closing.signal,
  });

  const yoga = createYoga<ServerContext, GatewayContext>({
    schema,
    graphqlEndpoint: endpoint,
    context: contextFor,
    logging: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    maxRequestBodySize: limits.bodyBytes,
    cors:
      allowedOrigins.length === 0
        ? false
        : { origin: [...allowedOrigins], methods: ["GET", "POST"], exposedHeaders: ["x-query-cost"] },
    maskedErrors: { maskError: errors.of },
    plugins: [
      ...(options.graphiql === false ? [] : [pagePlugin(endpoint)]),
      requestPlugin({ limits, isOwnOrigin }),
      documentPlugin({ limits, errors, metrics }),
      ...(options.introspection === false ? [noIntrospectionPlugin()] : []),
      metricsPlugin(metrics),
      costPlugin({ limits, errors, reckoned: (context, cost) => costs.set(context, cost) }),
      subscriptionPlugin({ limits, errors, metrics }),
      useExecutionCancellation(),
      answerPlugin({ limits, errors, costs }),
      emptyResponsePlugin(errors),
    ],
  });

  const prepare = async (
    payload: OperationRequest,
    socketCaller: SocketCaller,
  ): Promise<Prepared | readonly GraphQLError[]> => {
    const stages: Stages = yoga.getEnveloped({ socketCaller, params: payload });
    try {
      const document = stages.parse(payload.query);
      const faults = stages.validate(schema, document);
      if (faults.length > 0) return faults;
      const operation = getOperationAST(document, payload.operationName)?.operation;
      return {
        run: operation === OperationTypeNode.SUBSCRIPTION ? stages.subscribe : stages.execute,
        args: {
          schema,
          document,
          contextValue: await stages.contextFactory(),
          operationName: payload.operationName ?? null,
          variableValues: payload.variables ?? {},
        },
      };
    } catch (error) {
      return [errors.of(error)];
    }
  };

  const sockets = createSockets({ limits, errors, metrics, logger, isOwnOrigin, prepare });

  return {
    handle: (request, response) => void yoga(request, response),
    fetch: async (url, init) => yoga.fetch(url, init ?? {}),
    handleUpgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head),
    printedSchema: printedSchema(),
    close: async (graceMs = 5_000) => {
      closing.abort();
      await sockets.close(graceMs);
      await yoga.dispose();
    },
  };
}
