// Requests to managers over HTTP and WebSocket. A request goes to one address of a name; the host name stays in the request.
// Imports lib and this folder.
// Never retries.
import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import WebSocket from "ws";
import { z } from "zod";
import { IndexerError } from "../domain/errors.js";
import type { ManagerTarget } from "./targets.js";

/** What a scheduler sends: LatestDataRequest or SyncRangeRequest. */
export interface ManagerRequest {
  readonly network: string;
  readonly chain_id: string;
  readonly version: string;
  readonly task_id: string;
  readonly last_hash: string;
  readonly last_height: number;
  readonly first_height?: number;
  readonly final_height?: number;
  readonly last_epoch: string;
  readonly last_time: string;
  readonly retry_count: number;
  readonly nonce: string | null;
}

/** What a manager returns. */
export interface ManagerResponse {
  readonly height: number;
  readonly hash: string;
  readonly processing: boolean;
}

const maxResponse = 1024 * 1024;
const shape = z.object({
  last_height: z.number().nullish(),
  last_hash: z.string().nullish(),
  error: z.string().nullish(),
  processing: z.boolean().nullish(),
});
const rpcShape = z.object({
  id: z.number().nullish(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).nullish(),
});

/** A manager cannot be reached, or sends what is no response. Another manager may work. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * Sends a request to a URL of the target. Throws an UnreachableError if there is no response, and the manager's own error as
 * WORKER_FAILED.
 */
export async function sendToManager(
  { url, address }: { readonly url: URL; readonly address: string },
  request: ManagerRequest,
  signal: AbortSignal,
): Promise<ManagerResponse> {
  const method = request.final_height === undefined ? "last_data" : "sync_range";
  const response = await (url.protocol.startsWith("ws")
    ? callSocket({ url, address }, method, request, signal)
    : post({ url, address }, request, signal));
  const { data } = shape.safeParse(response);
  if (data === undefined) throw new UnreachableError(`${url.origin} sent what is not a response.`);
  if (data.error !== null && data.error !== undefined && data.error !== "") {
    throw new IndexerError("WORKER_FAILED", readErrorText(data.error));
  }
  return {
    height: data.last_height ?? 0,
    hash: data.last_hash ?? "",
    processing: data.processing ?? false,
  };
}

/** Resolves if the manager responds to any request, in any way. */
export async function probeManager(
  { destination, address }: Pick<ManagerTarget, "destination" | "address">,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL("/health/live", destination.lastData);
  url.protocol = { "ws:": "http:", "wss:": "https:" }[url.protocol] ?? url.protocol;
  await exchange({ url, address }, { method: "GET" }, "", signal);
}

/** Existing managers send errors in base64; other servers in front of them send text. */
function readErrorText(text: string): string {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes.toString("utf8") : text;
}

async function post(
  to: { readonly url: URL; readonly address: string },
  request: ManagerRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const { status, body } = await exchange(to, { method: "POST", headers }, JSON.stringify(request), signal);
  if (status === 102) return { processing: true };
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new UnreachableError(`${to.url.origin} responded with status ${status} and no JSON.`, {
      cause: error,
    });
  }
}

/** Connects to the address and keeps the host name for the Host header and for TLS. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_hostname, options, callback) =>
    options.all === true ? callback(null, [{ address, family }]) : callback(null, address, family);
}

function exchange(
  { url, address }: { readonly url: URL; readonly address: string },
  options: RequestOptions,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new UnreachableError(`${url.origin} (${address}): ${reasonOf(cause, signal)}`, { cause }));
    const request = send(url, { ...options, signal, lookup: lookupOf(address) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > maxResponse) response.destroy(new Error("The response is too large."));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on("error", fail);
    });
    request.on("error", fail);
    request.end(body);
  });
}

/** One connection for each call: calls are seldom, and a connection that broke meanwhile costs nothing. */
function callSocket(
  { url, address }: { readonly url: URL; readonly address: string },
  method: string,
  params: ManagerRequest,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { lookup: lookupOf(address), maxPayload: maxResponse });
    const onAbort = (): void => fail(signal.reason);
    const end = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.terminate();
    };
    const fail = (cause: unknown): void => {
      reject(new UnreachableError(`${url.origin} (${address}): ${reasonOf(cause, signal)}`, { cause }));
      end();
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("The connection closed before the response.")));
    socket.on("open", () => socket.send(JSON.stringify({ id: 1, jsonrpc: "2.0", method, params: [params] })));
    socket.on("message", (data, isBinary) => {
      const { data: message } = isBinary ? {} : rpcShape.safeParse(parseJson(data));
      if (message === undefined) return fail(new Error("The message is not a JSON-RPC response."));
      if (message.id !== 1) return;
      if (message.error === null || message.error === undefined) resolve(message.result);
      else reject(new IndexerError("WORKER_FAILED", message.error.message));
      end();
    });
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function parseJson(data: WebSocket.RawData): unknown {
  const bytes = Array.isArray(data)
    ? Buffer.concat(data)
    : data instanceof ArrayBuffer
      ? Buffer.from(data)
      : data;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function reasonOf(cause: unknown, signal: AbortSignal): string {
  const reason: unknown = signal.aborted ? signal.reason : cause;
  return reason instanceof Error ? reason.message : String(reason);
}
