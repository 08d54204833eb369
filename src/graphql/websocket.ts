// WebSockets as carriers of graphql-transport-ws: upgrades, pings, closing. Imports lib and this folder.
// Never interprets a message.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, handleProtocols, type WebSocket as ProtocolSocket } from "graphql-ws";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Logger } from "../lib/logger.js";
import type { Limits } from "./limits.js";
import type { OperationMetrics } from "./metrics.js";
import type { OriginCheck } from "./origin.js";
import { createProtocol, type ProtocolDeps } from "./socket-protocol.js";

/** The dependencies of the sockets. */
export interface SocketDeps extends ProtocolDeps {
  readonly limits: Limits;
  readonly metrics: OperationMetrics;
  readonly logger: Logger;
  readonly isOwnOrigin: OriginCheck;
}

/** The WebSocket side of the gateway. */
export interface Sockets {
  /** Accepts or rejects an upgrade of an HTTP connection. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes all sockets, after all pending messages are handled or `graceMs` milliseconds have passed. */
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
    const stopPinging = keepAlive(socket, limits.pingMs);
    const closed = protocol.opened(protocolSocket(socket, handling, deps.logger), request);
    // A failed socket always closes, and the close event cleans up.
    socket.on("error", (error) => deps.logger.debug({ error }, "A WebSocket failed."));
    socket.once("close", (code, reason) => {
      stopPinging();
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
        return rejectUpgrade(
          socket,
          "403 Forbidden",
          "FORBIDDEN",
          "Pages of this origin are not allowed. Add the origin to the allowed origins of the manager.",
        );
      if (carrier.clients.size >= limits.sockets) {
        const message = `${limits.sockets} sockets are open, at most ${limits.sockets} allowed. Connect again later.`;
        return rejectUpgrade(socket, "503 Service Unavailable", "OVERLOADED", message);
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

function rejectUpgrade(socket: Duplex, status: string, code: string, message: string): void {
  // The peer may disconnect before the refusal is sent.
  socket.on("error", () => {});
  const body = JSON.stringify({ error: { code, message } });
  const head = [
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Resolves when the work is done, or after `ms` milliseconds. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

/** Pings a socket, and terminates it if it sent no pong since the previous ping. */
function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let alive = true;
  socket.on("pong", () => (alive = true));
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
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
      logger.error({ error }, "A WebSocket message could not be handled.");
      socket.close(CloseCode.InternalServerError, "Internal server error");
    }
  };
  return {
    protocol: socket.protocol,
    // Resolves only after the bytes are written, so that a slow reader slows its subscription.
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
