// Requests over HTTP/1.1 with connections that are kept: JSON in and out, bounded.
// Imports only lib and endpoint-error; never knows what is asked.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { TakeOnce } from "../../lib/take-once.js";
import { EndpointError, parseRetryAfter } from "../endpoint-error.js";

export interface HttpResponse {
  readonly status: number;
  readonly body: TakeOnce<Buffer>;
}

export interface HttpClient {
  /** Sends a request below the base URL: a GET, or a POST of JSON where there is a body. */
  send(
    path: string,
    options: { readonly body?: string; readonly signal: AbortSignal },
  ): Promise<HttpResponse>;
  close(): void;
}

export interface HttpClientOptions {
  /** With credentials where needed; a path in it is kept. */
  readonly baseUrl: string;
  readonly maxSockets: number;
  /** Larger answers are refused: a node must not be able to fill the memory. */
  readonly maxResponseBytes?: number;
  /** Milliseconds since 1970, for a `Retry-After` that is a date. */
  readonly now: () => number;
}

const defaultMaxAnswerBytes = 256 * 1024 * 1024;

/** Creates a client; connections open with the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const base = new URL(options.baseUrl);
  const secure = base.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: options.maxSockets };
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const maxAnswerBytes = options.maxResponseBytes ?? defaultMaxAnswerBytes;
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
      const abort = (): void => void request.destroy(new Error("It was given up."));
      signal.addEventListener("abort", abort, { once: true });
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          request.on("response", resolve);
          request.on("error", reject);
          request.end(body);
        });
        const answer = await readAll(response, maxAnswerBytes);
        const status = response.statusCode ?? 0;
        if (status === 429) throw rateLimited(response, options.now());
        return { status, body: answer };
      } catch (error) {
        throw error instanceof EndpointError ? error : unreachable(error);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    close: () => agent.destroy(),
  };
}

/** A key that the base URL carries as a query goes along with every request. */
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
        response.destroy(new EndpointError("unavailable", `its answer is larger than ${limit} bytes`));
      }
    });
    response.on("error", reject);
    response.on("end", () => {
      resolve(new TakeOnce(Buffer.concat(chunks, size)));
      chunks = [];
    });
    response.on("close", () => reject(new Error("The answer broke off.")));
  });
}

function rateLimited(response: IncomingMessage, now: number): EndpointError {
  const wait = parseRetryAfter(response.headers["retry-after"], now);
  const details = wait === undefined ? {} : { retryAfterMs: wait };
  return new EndpointError("rate-limited", "it answers 429, too many requests", details);
}

function unreachable(error: unknown): EndpointError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EndpointError("unavailable", `it cannot be reached: ${reason}`, {}, { cause: error });
}
