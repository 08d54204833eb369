// A node through its CometBFT (Tendermint) RPC over HTTP.
// Imports only domain, lib, endpoint-error and its neighbours; never chooses between nodes, never retries.
import { parseTime } from "../../domain/time.js";
import { isRecord } from "../../lib/is-record.js";
import { TaskFailure } from "../../domain/task.js";
import { TakeOnce } from "../../lib/take-once.js";
import { EndpointError } from "../endpoint-error.js";
import type { HttpResponse, HttpClient } from "./http-client.js";
import { faultFromMessage, malformedResponse, notReadyError, type RequestSubject } from "./node-faults.js";
import type { CosmosNode } from "./node.js";
import {
  heightField,
  MalformedResponse,
  objectField,
  blockFromRpc,
  resultsFromRpc,
  textField,
} from "./rpc-responses.js";

type Parameters = Readonly<Record<string, string>>;

/** Creates a node over RPC. Closing the node closes `http`. */
export function createRpcNode(http: HttpClient): CosmosNode {
  /** Whether to send JSON-RPC by POST: nodes accept GET with a query, but some proxies do not. Detected on the first call. */
  let byPost = false;

  async function send(
    method: string,
    parameters: Parameters,
    subject: RequestSubject,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const response = byPost
      ? await http.send("/", { body: jsonRpc(method, parameters), signal })
      : await http.send(getPath(method, parameters), { signal });
    if (
      !byPost &&
      (response.status === 404 || response.status === 405) &&
      !looksLikeJson(response.body.value)
    ) {
      const posted = await http.send("/", { body: jsonRpc(method, parameters), signal });
      resultOf(posted.status, posted.body.value, subject);
      byPost = true;
      return posted;
    }
    return response;
  }

  return {
    async status(signal) {
      const subject = { name: "its status" };
      return readResponse(await send("status", {}, subject, signal), subject, (result) => {
        const sync = objectField(result, "sync_info");
        const hash = textField(sync, "latest_block_hash");
        const time = textField(sync, "latest_block_time");
        return {
          chainId: textField(objectField(result, "node_info"), "network"),
          head: {
            height: heightField(sync, "latest_block_height"),
            ...(hash !== "" && { hash: hash.toUpperCase() }),
            ...(time !== "" && { time: parseTime(time) }),
          },
        };
      });
    },
    async earliest(signal) {
      const subject = { name: "its status" };
      return readResponse(await send("status", {}, subject, signal), subject, (result) =>
        Math.max(1, heightField(objectField(result, "sync_info"), "earliest_block_height")),
      );
    },
    async block(height, signal) {
      const subject = { name: `height ${height}`, height };
      const response = await send("block", { height: String(height) }, subject, signal);
      return readResponse(response, subject, (result, bytes) => {
        // A node that lost a height returns a null block without an error.
        if (isRecord(result) && result["block"] === null) throw notReadyError(subject);
        const block = blockFromRpc(result);
        if (block.height !== height) throw new MalformedResponse(`It has height ${block.height}.`);
        return { value: block, bytes };
      });
    },
    async results({ height }, signal) {
      const subject = { name: `the results of height ${height}`, height };
      const response = await send("block_results", { height: String(height) }, subject, signal);
      return readResponse(response, subject, (result, bytes) => {
        const found = resultsFromRpc(result);
        if (found.height !== height) throw new MalformedResponse(`They have height ${found.height}.`);
        return { value: new TakeOnce(found.results), bytes };
      });
    },
    async findHeight(hash, signal) {
      const subject = { name: `transaction ${hash}` };
      // The query of a GET takes a hash as 0x…, JSON-RPC takes base64.
      const parameters = { hash: byPost ? Buffer.from(hash, "hex").toString("base64") : `0x${hash}` };
      const response = await send("tx", parameters, subject, signal);
      return readResponse(response, subject, (result) =>
        heightField(isRecord(result) ? result : {}, "height"),
      );
    },
    async query({ path, request, height }, signal) {
      const subject = { name: `the state at height ${height}`, height };
      const hex = Buffer.from(request).toString("hex");
      const parameters: Parameters = byPost
        ? { path, data: hex, height: String(height) }
        : { path: `"${path}"`, data: `0x${hex}`, height: String(height) };
      return readResponse(await send("abci_query", parameters, subject, signal), subject, (result) => {
        const response = objectField(result, "response");
        if (Number(textField(response, "code") || "0") !== 0)
          throw unknownFault(textField(response, "log"), subject);
        const returnedHeight = heightField(response, "height");
        if (returnedHeight !== 0 && returnedHeight !== height)
          throw new MalformedResponse(`It has height ${returnedHeight}.`);
        return Buffer.from(textField(response, "value"), "base64");
      });
    },
    close: () => http.close(),
  };
}

function getPath(method: string, parameters: Parameters): string {
  const query = new URLSearchParams(parameters).toString();
  return query === "" ? `/${method}` : `/${method}?${query}`;
}

function jsonRpc(method: string, params: Parameters): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}

function looksLikeJson(body: Buffer): boolean {
  return body.subarray(0, 64).toString("latin1").trimStart().startsWith("{");
}

/** Parses a JSON-RPC response and returns its result. Checks the body before the status, since nodes return JSON errors with status 500. */
function resultOf(status: number, body: Buffer, subject: RequestSubject): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (status === 401 || status === 403)
      throw new EndpointError("refused", `it returned ${status}: check the URL's credentials`);
    const problem = status === 200 ? "a body that is not JSON" : `status ${status}`;
    throw new EndpointError("unavailable", `it returned ${problem}`, {}, { cause: error });
  }
  if (!isRecord(parsed)) throw new EndpointError("unavailable", "it returned JSON that is not an object");
  if (isRecord(parsed["error"])) {
    const { error } = parsed;
    const message = [error["message"], error["data"]].filter((each) => typeof each === "string").join(": ");
    throw unknownFault(message, subject);
  }
  if (!("result" in parsed))
    throw new EndpointError("unavailable", `it returned status ${status} without a result`);
  return parsed["result"];
}

function unknownFault(message: string, subject: RequestSubject): EndpointError | TaskFailure {
  return (
    faultFromMessage(message, subject) ??
    new EndpointError("unavailable", `it fails for ${subject.name}: ${message}`)
  );
}

/** Parses and reads a response synchronously, so that its JSON is released at once. Errors of `use` become malformed responses. */
function readResponse<T>(
  response: HttpResponse,
  subject: RequestSubject,
  use: (result: unknown, bytes: number) => T,
): T {
  const body = response.body.take();
  const result = resultOf(response.status, body, subject);
  try {
    return use(result, body.length);
  } catch (error) {
    if (error instanceof EndpointError || error instanceof TaskFailure) throw error;
    throw malformedResponse(error, subject);
  }
}
