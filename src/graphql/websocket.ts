// WebSockets as carriers of graphql-transport-ws: taking upgrades, pinging, closing. Imports lib and this folder.
// Never knows what a message says.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, handleProtocols, type WebSocket as ProtocolSocket } from "graphql-ws";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Logger } from "../lib/logger.js";
import type { Limits } from "./limits.js";
import type { OperationMetrics } from "./metrics.js";
import type { OriginCheck } from "./origin.js";
import { createProtocol, type ProtocolDeps } from "./socket-protocol.js";

/** What the sockets need. */
export interface SocketDeps extends ProtocolDeps {
  readonly limits: Limits;
  readonly metrics: OperationMetrics;
  readonly logger: Logger;
  readonly isOwnOrigin: OriginCheck;
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
    const stopPinging = keepAlive(socket, limits.pingMs);
    const closed = protocol.opened(protocolSocket(socket, handling, deps.logger), request);
    // What a peer does to its socket is its own affair: the close that follows is enough.
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
