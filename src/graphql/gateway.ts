// The gateway: serves the schema over HTTP, server-sent events and WebSocket.
// Imports client's types, domain, lib and this folder, and connects the parts of this folder.
// Never listens on a port: the HTTP server passes requests to it.
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
import { responsePlugin, emptyResponsePlugin, pagePlugin, requestPlugin } from "./http-plugins.js";
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

/** The dependencies and settings of a gateway. */
export interface GatewayOptions {
  readonly client: Client;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly manager: ManagerInfo;
  /** Overrides of the default limits. */
  readonly limits?: Partial<Limits>;
  /** Serves GraphiQL to browsers. On by default. */
  readonly graphiql?: boolean;
  /** Allows introspection. On by default. */
  readonly introspection?: boolean;
  /** Origins whose pages may send requests, beside this service's own origin. `*` allows any origin. */
  readonly allowedOrigins?: readonly string[];
}

/** The gateway, to be used by an HTTP server. */
export interface Gateway {
  /** Handles a request to the endpoint. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Handles a request without a socket, for tests. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Handles an upgrade to WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The schema as SDL text. */
  readonly printedSchema: string;
  /** Ends subscriptions and fetches with SHUTTING_DOWN, then closes sockets after at most `graceMs` milliseconds. */
  close(graceMs?: number): Promise<void>;
}

/** The HTTP path of the endpoint. */
const endpoint = "/graphql";

/** The caller, as its transport identifies it. */
interface ServerContext {
  readonly req?: IncomingMessage;
  readonly socketCaller?: SocketCaller;
}

/** Creates a gateway. */
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
    loaders: createLoaders(client, { cache: true }),
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
      costPlugin({ limits, errors, onCost: (context, cost) => costs.set(context, cost) }),
      subscriptionPlugin({ limits, errors, metrics }),
      useExecutionCancellation(),
      responsePlugin({ limits, errors, costs }),
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
