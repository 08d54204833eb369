// The paths /ws and /ws/scheduler: JSON-RPC 2.0 over WebSockets for schedulers. `params` is an array.
// Imports this folder. Never serves browsers.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { z } from "zod";
import type { SchedulerRequests } from "./scheduler-requests.js";

/** The largest message, in bytes. */
const maxMessage = 64 * 1024;
/** The most requests in progress on one connection. */
const maxPending = 64;

/** The methods of the connection. */
export interface SchedulerSocketDeps {
  readonly requests: SchedulerRequests;
  /** The workers of each network, in the legacy format. */
  readonly legacyWorkers: () => unknown;
}

/** The WebSocket endpoint of schedulers. */
export interface SchedulerSocket {
  /** Whether the endpoint serves this path. */
  serves(path: string): boolean;
  /** Returns why the upgrade is refused; undefined if it is accepted. */
  refusal(request: IncomingMessage): string | undefined;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes all connections. */
  close(): void;
}

const call = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  method: z.string(),
  params: z.array(z.unknown()).default([]),
});

/** Creates the endpoint. */
export function createSchedulerSocket({ requests, legacyWorkers }: SchedulerSocketDeps): SchedulerSocket {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessage });
  const closing = new AbortController();

  const execute = async (
    method: string,
    [first]: readonly unknown[],
    signal: AbortSignal,
  ): Promise<object> => {
    if (method === "last_data") return { result: (await requests.lastData(first, signal)).body };
    if (method === "sync_range") return { result: (await requests.syncRange(first, signal)).body };
    if (method === "get_workers") return { result: legacyWorkers() };
    const message = `Method ${method} does not exist. Use get_workers, last_data or sync_range.`;
    return { error: { code: -32601, message } };
  };

  const serve = (socket: WebSocket): void => {
    const disconnected = new AbortController();
    const signal = AbortSignal.any([closing.signal, disconnected.signal]);
    let pending = 0;
    const send = (id: unknown, content: object): void => {
      if (socket.readyState === socket.OPEN)
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: id ?? null, ...content }));
    };
    const onMessage = async (text: string): Promise<void> => {
      const parsed = call.safeParse(parseJson(text));
      if (!parsed.success) {
        const message = "The message must be one JSON-RPC 2.0 request whose params are an array.";
        return send(null, { error: { code: -32600, message } });
      }
      const { id, method, params } = parsed.data;
      if (pending >= maxPending) {
        const message = `${maxPending} requests are in progress on this connection. Wait for a response.`;
        return send(id, { error: { code: -32000, message } });
      }
      pending += 1;
      try {
        send(id, await execute(method, params, signal));
      } finally {
        pending -= 1;
      }
    };
    socket.on("message", (data) => {
      const bytes = Array.isArray(data)
        ? Buffer.concat(data)
        : data instanceof ArrayBuffer
          ? Buffer.from(data)
          : data;
      void onMessage(bytes.toString("utf8"));
    });
    socket.once("close", () => disconnected.abort(new Error("The scheduler disconnected.")));
    // A connection that breaks is closed by the library.
    socket.on("error", () => {});
  };

  return {
    serves: (path) => path === "/ws" || path === "/ws/scheduler",
    // Schedulers are no browsers. A page of another site must not start work.
    refusal: ({ headers }) =>
      headers.origin === undefined ? undefined : "Browsers cannot use this path. Use GraphQL instead.",
    handleUpgrade: (request, socket, head) => server.handleUpgrade(request, socket, head, serve),
    close: () => {
      closing.abort(new Error("The server closes."));
      for (const socket of server.clients) socket.close(1001, "The manager stops.");
      server.close();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
