// HTTP/1.1 requests over kept-alive connections, with bounded response size.
// Imports only lib and endpoint-error; never knows the requested data.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { errorMessage } from "../../lib/error-message.js";
import { TakeOnce } from "../../lib/take-once.js";
import { EndpointError, parseRetryAfter } from "../endpoint-error.js";

/** A response with any status but 429. */
export interface HttpResponse {
  readonly status: number;
  readonly body: TakeOnce<Buffer>;
}

/** An HTTP client of one base URL. Requests reject with an EndpointError. */
export interface HttpClient {
  /** Sends a request to a path below the base URL: a POST of JSON if `body` is set, else a GET. */
  send(
    path: string,
    options: { readonly body?: string; readonly signal: AbortSignal },
  ): Promise<HttpResponse>;
  close(): void;
}

/** Options of `createHttpClient`. */
export interface HttpClientOptions {
  /** May contain credentials, a path and a query, which every request keeps. */
  readonly baseUrl: string;
  readonly maxSockets: number;
  /** Rejects larger responses, so that a node cannot exhaust the memory. */
  readonly maxResponseBytes?: number;
  /** Returns milliseconds since 1970; needed for a `Retry-After` that is a date. */
  readonly now: () => number;
}

const defaultMaxResponseBytes = 256 * 1024 * 1024;

/** Creates a client. Connections open on the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const base = new URL(options.baseUrl);
  const secure = base.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: options.maxSockets };
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const maxResponseBytes = options.maxResponseBytes ?? defaultMaxResponseBytes;
  const root = base.pathname.replace(/\/+$/, "");
  const auth =
    base.username === ""
      ? {}
      : { auth: `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}` };

  return {
    async send(path, { body, signal }) {
      signal.throwIfAborted();
      const request = (secure ? httpsRequest : httpRequest)({
        ...auth,
        agent,
        host: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port === "" ? (secure ? 443 : 80) : base.port,
        path: `${root}${path}${withQuery(path, base.search)}`,
        method: body === undefined ? "GET" : "POST",
        headers: {
          accept: "application/json",
          ...(body !== undefined && {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
          }),
        },
      });
      const abort = (): void => void request.destroy(new Error("The request was aborted."));
      signal.addEventListener("abort", abort, { once: true });
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          request.on("response", resolve);
          request.on("error", reject);
          request.end(body);
        });
        const content = await readAll(response, maxResponseBytes);
        const status = response.statusCode ?? 0;
        if (status === 429) throw rateLimited(response, options.now());
        return { status, body: content };
      } catch (error) {
        throw error instanceof EndpointError ? error : unreachable(error);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Appends the base URL's query, which may carry an API key, to the request's path. */
function withQuery(path: string, search: string): string {
  if (search === "") return "";
  return path.includes("?") ? `&${search.slice(1)}` : search;
}

function readAll(response: IncomingMessage, limit: number): Promise<TakeOnce<Buffer>> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) {
        response.destroy(new EndpointError("unavailable", `its response is larger than ${limit} bytes`));
      }
    });
    response.on("error", reject);
    response.on("end", () => {
      resolve(new TakeOnce(Buffer.concat(chunks, size)));
      chunks = [];
    });
    response.on("close", () => reject(new Error("The connection closed before the end of the response.")));
  });
}

function rateLimited(response: IncomingMessage, now: number): EndpointError {
  const wait = parseRetryAfter(response.headers["retry-after"], now);
  const details = wait === undefined ? {} : { retryAfterMs: wait };
  return new EndpointError("rate-limited", "it returned 429, too many requests", details);
}

function unreachable(error: unknown): EndpointError {
  return new EndpointError(
    "unavailable",
    `it cannot be reached: ${errorMessage(error)}`,
    {},
    { cause: error },
  );
}
