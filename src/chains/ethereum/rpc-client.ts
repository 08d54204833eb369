// JSON-RPC 2.0 over HTTP to one node: batches of a size that the node accepts, responses in the order of the calls.
// Imports only lib, chains/endpoint-error and its own folder.
// Never interprets a method or a result.
import { errorMessage } from "../../lib/error-message.js";
import { isRecord } from "../../lib/is-record.js";
import { EndpointError, parseRetryAfter } from "../endpoint-error.js";
import { rpcFault, type RpcError } from "./rpc-errors.js";

/** One JSON-RPC call. */
export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The node's response to one call. */
export type RpcResponse = { readonly result: unknown } | { readonly error: RpcError };

/** The node's responses to a list of calls. */
export interface RpcResponses {
  /** One response for each call, in the order of the calls. */
  readonly responses: readonly RpcResponse[];
  /** Size of the HTTP response bodies in bytes. */
  readonly bytes: number;
}

/** A JSON-RPC client of one node. */
export interface RpcClient {
  /** Rejects with an EndpointError if the node is unreachable, limits requests or returns a malformed response. */
  request(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcResponses>;
}

/** Options of `createRpcClient`. */
export interface RpcClientOptions {
  readonly url: string;
  /** Maximum calls in one HTTP request. */
  readonly batchCalls: number;
  /** Maximum size of one HTTP response body in bytes. */
  readonly maxResponseBytes: number;
  /** Returns the milliseconds since 1970. */
  readonly now: () => number;
}

/** Maximum concurrent HTTP requests for one list of calls. */
const parallelRequests = 4;
/** Statuses with which nodes and their proxies reject a batch. */
const batchRefusals = new Set([400, 404, 405, 413, 415, 422, 501]);

/** A rejected batch size is tried again after this many milliseconds: a proxy may have rejected it temporarily. */
const refusalMs = 600_000;

/** The batch has too many calls: the client sends them again in smaller batches. */
class BatchTooLarge extends Error {
  override readonly name = "BatchTooLarge";

  /** `refused`: the node accepts no batch of this size, regardless of its content. */
  constructor(
    readonly refused: boolean,
    message: string,
  ) {
    super(message);
  }
}

/** Creates a client; sends no request before the first call. */
export function createRpcClient({ url, batchCalls, maxResponseBytes, now }: RpcClientOptions): RpcClient {
  const { target, headers } = splitCredentials(url);
  /** Current maximum calls of a batch: halved on rejection, incremented after each full batch that the node accepts. */
  let batchLimit = batchCalls;
  /** The smallest batch that the node rejected, and when it expires. */
  let refusal = { size: Infinity, until: 0 };

  async function post(
    body: string,
    signal: AbortSignal,
  ): Promise<{ response: Response; text: string; bytes: number }> {
    try {
      const response = await fetch(target, { method: "POST", headers, body, signal, redirect: "error" });
      const { text, bytes } = await readText(response, maxResponseBytes);
      return { response, text, bytes };
    } catch (error) {
      if (signal.aborted || error instanceof BatchTooLarge) throw error;
      throw new EndpointError(
        "unavailable",
        `the connection failed: ${reasonOf(error)}`,
        {},
        { cause: error },
      );
    }
  }

  async function send(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcResponses> {
    const requests = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
    const single = requests.length === 1;
    const { response, text, bytes } = await post(JSON.stringify(single ? requests[0] : requests), signal);
    const { status } = response;
    const waitMs = parseRetryAfter(response.headers.get("retry-after"), now());
    const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    if (status === 429) throw new EndpointError("rate-limited", "it limits requests (HTTP 429)", wait);
    const parsed = parse(text);
    if (!single && isRecord(parsed)) {
      const error = errorOf(parsed["error"]);
      if (error !== undefined && rpcFault(error) === "rate-limited") throw limited(error, wait);
    }
    const isSingleError = !single && !Array.isArray(parsed);
    if (isSingleError && (batchRefusals.has(status) || (status < 500 && isRecord(parsed)))) {
      throw new BatchTooLarge(true, `it rejects a batch of ${calls.length} calls`);
    }
    const byId = responsesById(Array.isArray(parsed) ? parsed : [parsed]);
    // A node returns the id null for an error that it cannot match to a call.
    const ordered = calls.map((_, id) => byId.get(id) ?? (single ? byId.get(null) : undefined));
    if (!ordered.every((each) => each !== undefined)) {
      if (status >= 400) throw new EndpointError("unavailable", `it returned HTTP ${status}`, wait);
      const found = ordered.filter((each) => each !== undefined).length;
      const detail = parsed === undefined ? `: ${JSON.stringify(text.slice(0, 60))} is not JSON` : "";
      throw new EndpointError(
        "unavailable",
        `it returned results for ${found} of ${calls.length} calls${detail}`,
      );
    }
    for (const each of ordered) {
      if (!("error" in each)) continue;
      const fault = rpcFault(each.error);
      if (fault === "rate-limited") throw limited(each.error, wait);
      if (fault === "too-large" && !single) throw new BatchTooLarge(false, each.error.message);
    }
    return { responses: ordered, bytes };
  }

  /** Sends a batch; splits it if it is too large for the node. */
  async function sendBatch(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcResponses> {
    try {
      const sent = await send(calls, signal);
      if (calls.length === batchLimit) {
        const most = now() < refusal.until ? refusal.size - 1 : batchCalls;
        batchLimit = Math.min(batchCalls, most, batchLimit + 1);
      }
      return sent;
    } catch (error) {
      const smaller = Math.max(1, Math.min(batchLimit, Math.floor(calls.length / 2)));
      if (error instanceof EndpointError && error.fault === "rate-limited") batchLimit = smaller;
      if (!(error instanceof BatchTooLarge)) throw error;
      if (calls.length === 1) throw new EndpointError("unavailable", error.message, {}, { cause: error });
      batchLimit = smaller;
      if (error.refused) {
        const size = now() < refusal.until ? Math.min(refusal.size, calls.length) : calls.length;
        refusal = { size, until: now() + refusalMs };
      }
      return requestAll(calls, signal);
    }
  }

  async function requestAll(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcResponses> {
    const size = batchLimit;
    const batches: (readonly RpcCall[])[] = [];
    for (let at = 0; at < calls.length; at += size) batches.push(calls.slice(at, at + size));
    const parts: RpcResponses[] = [];
    for (let at = 0; at < batches.length; at += parallelRequests) {
      const group = batches.slice(at, at + parallelRequests);
      parts.push(...(await Promise.all(group.map((batch) => sendBatch(batch, signal)))));
    }
    return {
      responses: parts.flatMap(({ responses }) => responses),
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  return { request: requestAll };
}

function limited(error: RpcError, wait: { readonly retryAfterMs?: number }): EndpointError {
  return new EndpointError("rate-limited", `it limits requests: ${error.message} (${error.code})`, wait);
}

function responsesById(list: readonly unknown[]): ReadonlyMap<unknown, RpcResponse> {
  const byId = new Map<unknown, RpcResponse>();
  for (const each of list) {
    if (!isRecord(each)) continue;
    const error = errorOf(each["error"]);
    if (error !== undefined) byId.set(each["id"], { error });
    else if ("result" in each) byId.set(each["id"], { result: each["result"] });
  }
  return byId;
}

function errorOf(value: unknown): RpcError | undefined {
  if (!isRecord(value)) return undefined;
  const { code, message } = value;
  return { code: typeof code === "number" ? code : 0, message: typeof message === "string" ? message : "" };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the body as text; rejects beyond `limit` bytes, so that no node exhausts the memory. */
async function readText(response: Response, limit: number): Promise<{ text: string; bytes: number }> {
  // Decodes each chunk at once: collecting the bytes first would keep a large response in memory twice.
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  if (response.body !== null) {
    const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > limit) {
        await reader.cancel();
        throw new BatchTooLarge(false, `its response is larger than ${limit} bytes`);
      }
      text += decoder.decode(value, { stream: true });
    }
  }
  return { text: text + decoder.decode(), bytes };
}

/** Moves credentials from the URL to a header, since `fetch` rejects URLs with credentials. */
function splitCredentials(url: string): { target: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (parsed.username !== "" || parsed.password !== "") {
    const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
    headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
    parsed.username = "";
    parsed.password = "";
  }
  return { target: parsed.toString(), headers };
}

/** Returns the reason of a failed fetch: its message is always `fetch failed`, its cause has the details. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) {
    return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  }
  return errorMessage(error);
}
