// JSON-RPC 2.0 over HTTP to one node: calls in batches, as large as the node takes them, answers in the order of the calls.
// Imports only lib, chains/endpoint-error and its own folder. Never knows what a call is for.
import { EndpointError, parseRetryAfter } from "../endpoint-error.js";
import { isFields } from "./fields.js";
import { rpcFault, type RpcError } from "./rpc-errors.js";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a node answers to one call. */
export type RpcAnswer = { readonly result: unknown } | { readonly error: RpcError };

export interface RpcAnswers {
  /** One for each call, in the calls' order. */
  readonly answers: readonly RpcAnswer[];
  /** Length of the answers as they came, in bytes. */
  readonly bytes: number;
}

export interface RpcClient {
  /** Rejects with an EndpointError where the node cannot be reached, limits requests, or gives no proper answer. */
  request(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswers>;
}

export interface RpcClientOptions {
  readonly url: string;
  /** Calls in one HTTP request at most. */
  readonly batchCalls: number;
  /** Bytes of one answer at most. */
  readonly maxResponseBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** HTTP requests at once where a list of calls needs several. */
const parallelRequests = 4;
/** Statuses by which nodes and their proxies turn a batch down. */
const batchRefusals = new Set([400, 404, 405, 413, 415, 422, 501]);

/** A refused size is tried again after this time: what refused it may have been a proxy's bad moment. */
const refusalMs = 600_000;

/** Too many calls at once: they are asked again in smaller batches. */
class BatchTooLarge extends Error {
  override readonly name = "BatchTooLarge";

  /** `refused`: the node takes no batch of this size, whatever is in it. */
  constructor(
    readonly refused: boolean,
    message: string,
  ) {
    super(message);
  }
}

/** Creates a client; nothing is asked before the first call. */
export function createRpcClient({ url, batchCalls, maxResponseBytes, now }: RpcClientOptions): RpcClient {
  const { target, headers } = splitCredentials(url);
  /** Calls in a batch now: halved when the node complains, one more after each full batch that it took. */
  let batchLimit = batchCalls;
  /** The smallest batch that the node refused, and until when that is believed. */
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

  async function send(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswers> {
    const requests = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
    const single = requests.length === 1;
    const { response, text, bytes } = await post(JSON.stringify(single ? requests[0] : requests), signal);
    const { status } = response;
    const waitMs = parseRetryAfter(response.headers.get("retry-after"), now());
    const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    if (status === 429) throw new EndpointError("rate-limited", "it limits requests (HTTP 429)", wait);
    const parsed = parse(text);
    if (!single && isFields(parsed)) {
      const error = errorOf(parsed["error"]);
      if (error !== undefined && rpcFault(error) === "rate-limited") throw limited(error, wait);
    }
    const oneForAll = !single && !Array.isArray(parsed);
    if (oneForAll && (batchRefusals.has(status) || (status < 500 && isFields(parsed)))) {
      throw new BatchTooLarge(true, `it takes no batch of ${calls.length} calls`);
    }
    const byId = answersById(Array.isArray(parsed) ? parsed : [parsed]);
    // An error that a node could not match to a call comes under the id null.
    const ordered = calls.map((_, id) => byId.get(id) ?? (single ? byId.get(null) : undefined));
    if (!ordered.every((each) => each !== undefined)) {
      if (status >= 400) throw new EndpointError("unavailable", `it answered with HTTP ${status}`, wait);
      const found = ordered.filter((each) => each !== undefined).length;
      const words = parsed === undefined ? `: ${JSON.stringify(text.slice(0, 60))} is no JSON` : "";
      throw new EndpointError("unavailable", `it answered ${found} of ${calls.length} calls${words}`);
    }
    for (const each of ordered) {
      if (!("error" in each)) continue;
      const fault = rpcFault(each.error);
      if (fault === "rate-limited") throw limited(each.error, wait);
      if (fault === "too-large" && !single) throw new BatchTooLarge(false, each.error.message);
    }
    return { answers: ordered, bytes };
  }

  /** Sends a batch; where it is too large for the node, its halves. */
  async function sendBatch(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswers> {
    try {
      const answers = await send(calls, signal);
      if (calls.length === batchLimit) {
        const most = now() < refusal.until ? refusal.size - 1 : batchCalls;
        batchLimit = Math.min(batchCalls, most, batchLimit + 1);
      }
      return answers;
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

  async function requestAll(calls: readonly RpcCall[], signal: AbortSignal): Promise<RpcAnswers> {
    const size = batchLimit;
    const batches: (readonly RpcCall[])[] = [];
    for (let at = 0; at < calls.length; at += size) batches.push(calls.slice(at, at + size));
    const parts: RpcAnswers[] = [];
    for (let at = 0; at < batches.length; at += parallelRequests) {
      const group = batches.slice(at, at + parallelRequests);
      parts.push(...(await Promise.all(group.map((batch) => sendBatch(batch, signal)))));
    }
    return {
      answers: parts.flatMap(({ answers }) => answers),
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  return { request: requestAll };
}

function limited(error: RpcError, wait: { readonly retryAfterMs?: number }): EndpointError {
  return new EndpointError("rate-limited", `it limits requests: ${error.message} (${error.code})`, wait);
}

function answersById(list: readonly unknown[]): ReadonlyMap<unknown, RpcAnswer> {
  const byId = new Map<unknown, RpcAnswer>();
  for (const each of list) {
    if (!isFields(each)) continue;
    const error = errorOf(each["error"]);
    if (error !== undefined) byId.set(each["id"], { error });
    else if ("result" in each) byId.set(each["id"], { result: each["result"] });
  }
  return byId;
}

function errorOf(value: unknown): RpcError | undefined {
  if (!isFields(value)) return undefined;
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

/** The body as text; refused beyond `limit`, so that no node fills the memory. */
async function readText(response: Response, limit: number): Promise<{ text: string; bytes: number }> {
  // Decoded piece by piece: gathering the bytes first would hold a large answer twice.
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
        throw new BatchTooLarge(false, `its answer is larger than ${limit} bytes`);
      }
      text += decoder.decode(value, { stream: true });
    }
  }
  return { text: text + decoder.decode(), bytes };
}

/** `fetch` takes no credentials in a URL: they go into a header. */
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

/** `fetch failed` says nothing: its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) {
    return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  }
  return error.message;
}
