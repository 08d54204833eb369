// Operations over WebSocket, by graphql-transport-ws. Imports this folder; never knows what an operation does.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { GraphQLError, type ExecutionArgs } from "graphql";
import { CloseCode, handleProtocols, makeServer, type WebSocket as ProtocolSocket } from "graphql-ws";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { IndexerError } from "../domain/errors.js";
import type { Logger } from "../lib/logger.js";
import type { Answer } from "./envelop.js";
import type { PublicErrors } from "./errors.js";
import { withoutTransport } from "./http-status.js";
import type { Limits } from "./limits.js";
import type { OperationMetrics } from "./metrics.js";
import type { OriginCheck } from "./origin.js";

/** An operation, ready to be run. */
export interface Prepared {
  readonly args: ExecutionArgs;
  readonly run: (args: ExecutionArgs) => Answer | Promise<Answer>;
}

/** What a message asks, as it came. */
export interface Asked {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** Who asks over a socket. */
export interface Asker {
  readonly request: IncomingMessage;
  /** Aborts when the socket closes. */
  readonly left: AbortSignal;
}

export interface SocketDeps {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  readonly metrics: OperationMetrics;
  readonly logger: Logger;
  readonly isOwnOrigin: OriginCheck;
  /** Parses, validates and gives the context; answers errors where that fails. */
  readonly prepare: (asked: Asked, asker: Asker) => Promise<Prepared | readonly GraphQLError[]>;
}

/** The WebSocket side of the gateway. */
export interface Sockets {
  /** Takes an upgrade of HTTP over, or refuses it. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket, once what ends was told or `graceMs` have passed. */
  close(graceMs: number): Promise<void>;
}

/** Creates the WebSocket side of the gateway. */
export function createSockets(deps: SocketDeps): Sockets {
  const { limits, metrics, isOwnOrigin } = deps;
  const carrier = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes, handleProtocols });
  const protocol = createProtocol(deps);
  const handling = new Set<Promise<void>>();

  const opened = (socket: WebSocket, request: IncomingMessage): void => {
    metrics.sockets(carrier.clients.size);
    const left = new AbortController();
    const stopPinging = keepAlive(socket, limits.pingMs);
    const closed = protocol.opened(protocolSocket(socket, handling, deps.logger), {
      request,
      left: left.signal,
    });
    // What a peer does to its socket is its own affair: the close that follows is enough.
    socket.on("error", (error) => deps.logger.debug({ error }, "A WebSocket failed."));
    socket.once("close", (code, reason) => {
      stopPinging();
      left.abort();
      metrics.sockets(carrier.clients.size);
      void closed(code, reason.toString());
    });
  };

  return {
    handleUpgrade: (request, socket, head) => {
      const { origin, host } = request.headers;
      const forwardedHost = request.headers["x-forwarded-host"];
      const own = isOwnOrigin({
        origin,
        host,
        forwardedHost: typeof forwardedHost === "string" ? forwardedHost : undefined,
      });
      if (!own)
        return refuse(socket, "403 Forbidden", "FORBIDDEN", "Pages of this origin may not connect here.");
      if (carrier.clients.size >= limits.sockets) {
        const message = `${limits.sockets} sockets are open: try again later.`;
        return refuse(socket, "503 Service Unavailable", "OVERLOADED", message);
      }
      carrier.handleUpgrade(request, socket, head, (ready) => opened(ready, request));
    },
    close: async (graceMs) => {
      await within(graceMs, Promise.allSettled(handling));
      const closing = [...carrier.clients].map(
        (socket) =>
          new Promise((resolve) => {
            socket.once("close", resolve);
            socket.close(1001, "Going away");
          }),
      );
      await within(1_000, Promise.all(closing));
      for (const socket of carrier.clients) socket.terminate();
      carrier.close();
    },
  };
}

function refuse(socket: Duplex, status: string, code: string, message: string): void {
  // A peer that is gone before it is refused is no failure of ours.
  socket.on("error", () => {});
  const body = JSON.stringify({ error: { code, message } });
  const head = [
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Resolves with the work, or after so many milliseconds without it. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Pings, and ends a socket that did not answer the ping before. */
function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let answered = true;
  socket.on("pong", () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

function protocolSocket(socket: WebSocket, handling: Set<Promise<void>>, logger: Logger): ProtocolSocket {
  const handle = async (data: RawData, take: (text: string) => Promise<void>): Promise<void> => {
    try {
      await take(textOf(data));
    } catch (error) {
      if (socket.readyState !== socket.OPEN) return;
      logger.error({ error }, "A message on a WebSocket could not be handled.");
      socket.close(CloseCode.InternalServerError, "Internal server error");
    }
  };
  return {
    protocol: socket.protocol,
    // Resolving only when the bytes are on their way is what makes a slow reader felt.
    send: (text) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== socket.OPEN) return resolve();
        socket.send(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: (code, reason) => socket.close(code, reason),
    onMessage: (take) =>
      socket.on("message", (data) => {
        const work = handle(data, take).finally(() => handling.delete(work));
        handling.add(work);
      }),
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

function createProtocol({ limits, errors, prepare }: SocketDeps): {
  opened: (socket: ProtocolSocket, asker: Asker) => (code: number, reason: string) => Promise<void>;
} {
  const runs = new WeakMap<object, Prepared["run"]>();
  const run = (args: ExecutionArgs): Answer | Promise<Answer> => {
    const prepared = runs.get(args);
    if (prepared === undefined) throw new Error("An operation was run that was not prepared.");
    return prepared(args);
  };
  const server = makeServer<Record<string, unknown>, Asker & Record<PropertyKey, unknown>>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    execute: run,
    subscribe: run,
    onSubscribe: async (context, _id, payload) => {
      const open = Object.keys(context.subscriptions).length;
      if (open > limits.subscriptionsPerSocket) return [errors.of(tooMany(limits.subscriptionsPerSocket))];
      const prepared = await prepare(payload, context.extra);
      if (!("run" in prepared)) return prepared;
      runs.set(prepared.args, prepared.run);
      return prepared.args;
    },
    onNext: (_context, _id, _payload, _args, { data, extensions, errors: failures }) => ({
      ...(failures !== undefined && { errors: failures.map((error) => withoutTransport(error).toJSON()) }),
      ...(data !== undefined && { data }),
      ...(extensions !== undefined && { extensions }),
    }),
    onError: (_context, _id, _payload, each) =>
      each.map((error) => withoutTransport(errors.of(rootGraphqlError(error))).toJSON()),
  });
  return { opened: (socket, asker) => server.opened(socket, { ...asker }) };
}

/** The error that was shown already, where the protocol wrapped it once more. */
function rootGraphqlError(error: GraphQLError): GraphQLError {
  return error.originalError instanceof GraphQLError ? error.originalError : error;
}

function tooMany(limit: number): IndexerError {
  return new IndexerError("RATE_LIMITED", `This socket runs ${limit} operations already: end one first.`, {
    limit,
  });
}
