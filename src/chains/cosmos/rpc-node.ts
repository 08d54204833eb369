// A node through its CometBFT (Tendermint) RPC over HTTP.
// Imports only domain, lib, endpoint-error and its neighbours; never chooses between nodes, never retries.
import { parseTime } from "../../domain/time.js";
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
  type JsonObject,
} from "./rpc-responses.js";

type Parameters = Readonly<Record<string, string>>;

/** Creates a node over HTTP; `http` is closed with it. */
export function createRpcNode(http: HttpClient): CosmosNode {
  /** Nodes take parameters in the path; some proxies pass only JSON-RPC by POST. Found out once, then kept. */
  let byPost = false;

  async function ask(
    method: string,
    parameters: Parameters,
    subject: RequestSubject,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const answer = byPost
      ? await http.send("/", { body: jsonRpc(method, parameters), signal })
      : await http.send(getPath(method, parameters), { signal });
    if (!byPost && (answer.status === 404 || answer.status === 405) && !looksLikeJson(answer.body.value)) {
      const posted = await http.send("/", { body: jsonRpc(method, parameters), signal });
      resultOf(posted.status, posted.body.value, subject);
      byPost = true;
      return posted;
    }
    return answer;
  }

  return {
    async status(signal) {
      const subject = { name: "its status" };
      return read(await ask("status", {}, subject, signal), subject, (result) => {
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
      return read(await ask("status", {}, subject, signal), subject, (result) =>
        Math.max(1, heightField(objectField(result, "sync_info"), "earliest_block_height")),
      );
    },
    async block(height, signal) {
      const subject = { name: `height ${height}`, height };
      const answer = await ask("block", { height: String(height) }, subject, signal);
      return read(answer, subject, (result, bytes) => {
        // A node that has lost a height answers with no block and no error.
        if (isObject(result) && result["block"] === null) throw notReadyError(subject);
        const block = blockFromRpc(result);
        if (block.height !== height) throw new MalformedResponse(`It is of height ${block.height}.`);
        return { value: block, bytes };
      });
    },
    async results({ height }, signal) {
      const subject = { name: `the results of height ${height}`, height };
      const answer = await ask("block_results", { height: String(height) }, subject, signal);
      return read(answer, subject, (result, bytes) => {
        const found = resultsFromRpc(result);
        if (found.height !== height) throw new MalformedResponse(`They are of height ${found.height}.`);
        return { value: new TakeOnce(found.results), bytes };
      });
    },
    async findHeight(hash, signal) {
      const subject = { name: `transaction ${hash}` };
      // A path takes hashes as 0x…, JSON-RPC as base64.
      const parameters = { hash: byPost ? Buffer.from(hash, "hex").toString("base64") : `0x${hash}` };
      const answer = await ask("tx", parameters, subject, signal);
      return read(answer, subject, (result) => heightField(isObject(result) ? result : {}, "height"));
    },
    async query({ path, request, height }, signal) {
      const subject = { name: `the state at height ${height}`, height };
      const hex = Buffer.from(request).toString("hex");
      const parameters: Parameters = byPost
        ? { path, data: hex, height: String(height) }
        : { path: `"${path}"`, data: `0x${hex}`, height: String(height) };
      return read(await ask("abci_query", parameters, subject, signal), subject, (result) => {
        const response = objectField(result, "response");
        if (Number(textField(response, "code") || "0") !== 0)
          throw unknownWords(textField(response, "log"), subject);
        const answered = heightField(response, "height");
        if (answered !== 0 && answered !== height)
          throw new MalformedResponse(`It is of height ${answered}.`);
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

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The result of an answer. Nodes answer errors as JSON with status 500, so the body is looked at first. */
function resultOf(status: number, body: Buffer, subject: RequestSubject): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (status === 401 || status === 403)
      throw new EndpointError("refused", `it answers ${status}: check the URL's credentials`);
    const what = status === 200 ? "what is no JSON" : `${status}`;
    throw new EndpointError("unavailable", `it answers ${name}`, {}, { cause: error });
  }
  if (!isObject(answer)) throw new EndpointError("unavailable", "it answers JSON that is no object");
  if (isObject(answer["error"])) {
    const { error } = answer;
    const words = [error["message"], error["data"]].filter((each) => typeof each === "string").join(": ");
    throw unknownWords(words, subject);
  }
  if (!("result" in answer)) throw new EndpointError("unavailable", `it answers ${status} without a result`);
  return answer["result"];
}

function unknownWords(words: string, subject: RequestSubject): EndpointError | TaskFailure {
  return (
    faultFromMessage(words, subject) ??
    new EndpointError("unavailable", `it fails for ${subject.name}: ${words}`)
  );
}

/** Reads an answer in one go, so that its JSON is gone at once; where it is not as it must be, the node is to blame. */
function read<T>(
  answer: HttpResponse,
  subject: RequestSubject,
  use: (result: unknown, bytes: number) => T,
): T {
  const body = answer.body.take();
  const result = resultOf(answer.status, body, subject);
  try {
    return use(result, body.length);
  } catch (error) {
    if (error instanceof EndpointError || error instanceof TaskFailure) throw error;
    throw malformedResponse(error, subject);
  }
}
