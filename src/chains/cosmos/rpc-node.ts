// A node through its CometBFT (Tendermint) RPC over HTTP.
// Imports only domain, lib, endpoint-error and its neighbours; never chooses between nodes, never retries.
import { parseTime } from "../../domain/time.js";
import { TaskFailure } from "../../domain/task.js";
import { TakeOnce } from "../../lib/take-once.js";
import { EndpointError } from "../endpoint-error.js";
import type { HttpAnswer, HttpClient } from "./http-client.js";
import { faultOfWords, malformed, missingBlock, type Asked } from "./node-faults.js";
import type { CosmosNode } from "./node.js";
import {
  heightIn,
  MalformedAnswer,
  objectIn,
  readBlock,
  readBlockResults,
  textIn,
  type JsonObject,
} from "./rpc-answers.js";

type Parameters = Readonly<Record<string, string>>;

/** Creates a node over HTTP; `http` is closed with it. */
export function createRpcNode(http: HttpClient): CosmosNode {
  /** Nodes take parameters in the path; some proxies pass only JSON-RPC by POST. Found out once, then kept. */
  let byPost = false;

  async function ask(
    method: string,
    parameters: Parameters,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const answer = byPost
      ? await http.send("/", { body: jsonRpc(method, parameters), signal })
      : await http.send(getPath(method, parameters), { signal });
    if (!byPost && (answer.status === 404 || answer.status === 405) && !looksLikeJson(answer.body.value)) {
      const posted = await http.send("/", { body: jsonRpc(method, parameters), signal });
      resultOf(posted.status, posted.body.value, asked);
      byPost = true;
      return posted;
    }
    return answer;
  }

  return {
    async status(signal) {
      const asked = { what: "its status" };
      return read(await ask("status", {}, asked, signal), asked, (result) => {
        const sync = objectIn(result, "sync_info");
        const hash = textIn(sync, "latest_block_hash");
        const time = textIn(sync, "latest_block_time");
        return {
          chainId: textIn(objectIn(result, "node_info"), "network"),
          head: {
            height: heightIn(sync, "latest_block_height"),
            ...(hash !== "" && { hash: hash.toUpperCase() }),
            ...(time !== "" && { time: parseTime(time) }),
          },
        };
      });
    },
    async earliest(signal) {
      const asked = { what: "its status" };
      return read(await ask("status", {}, asked, signal), asked, (result) =>
        Math.max(1, heightIn(objectIn(result, "sync_info"), "earliest_block_height")),
      );
    },
    async block(height, signal) {
      const asked = { what: `height ${height}`, height };
      const answer = await ask("block", { height: String(height) }, asked, signal);
      return read(answer, asked, (result, bytes) => {
        // A node that has lost a height answers with no block and no error.
        if (isObject(result) && result["block"] === null) throw missingBlock(asked);
        const block = readBlock(result);
        if (block.height !== height) throw new MalformedAnswer(`It is of height ${block.height}.`);
        return { value: block, bytes };
      });
    },
    async results({ height }, signal) {
      const asked = { what: `the results of height ${height}`, height };
      const answer = await ask("block_results", { height: String(height) }, asked, signal);
      return read(answer, asked, (result, bytes) => {
        const found = readBlockResults(result);
        if (found.height !== height) throw new MalformedAnswer(`They are of height ${found.height}.`);
        return { value: new TakeOnce(found.results), bytes };
      });
    },
    async heightOf(hash, signal) {
      const asked = { what: `transaction ${hash}` };
      // A path takes hashes as 0x…, JSON-RPC as base64.
      const parameters = { hash: byPost ? Buffer.from(hash, "hex").toString("base64") : `0x${hash}` };
      const answer = await ask("tx", parameters, asked, signal);
      return read(answer, asked, (result) => heightIn(isObject(result) ? result : {}, "height"));
    },
    async query({ path, request, height }, signal) {
      const asked = { what: `the state at height ${height}`, height };
      const hex = Buffer.from(request).toString("hex");
      const parameters: Parameters = byPost
        ? { path, data: hex, height: String(height) }
        : { path: `"${path}"`, data: `0x${hex}`, height: String(height) };
      return read(await ask("abci_query", parameters, asked, signal), asked, (result) => {
        const response = objectIn(result, "response");
        if (Number(textIn(response, "code") || "0") !== 0) throw unknownWords(textIn(response, "log"), asked);
        const answered = heightIn(response, "height");
        if (answered !== 0 && answered !== height) throw new MalformedAnswer(`It is of height ${answered}.`);
        return Buffer.from(textIn(response, "value"), "base64");
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
function resultOf(status: number, body: Buffer, asked: Asked): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch (error) {
    if (status === 401 || status === 403)
      throw new EndpointError("refused", `it answers ${status}: check the URL's credentials`);
    const what = status === 200 ? "what is no JSON" : `${status}`;
    throw new EndpointError("unavailable", `it answers ${what}`, {}, { cause: error });
  }
  if (!isObject(answer)) throw new EndpointError("unavailable", "it answers JSON that is no object");
  if (isObject(answer["error"])) {
    const { error } = answer;
    const words = [error["message"], error["data"]].filter((each) => typeof each === "string").join(": ");
    throw unknownWords(words, asked);
  }
  if (!("result" in answer)) throw new EndpointError("unavailable", `it answers ${status} without a result`);
  return answer["result"];
}

function unknownWords(words: string, asked: Asked): EndpointError | TaskFailure {
  return (
    faultOfWords(words, asked) ?? new EndpointError("unavailable", `it fails for ${asked.what}: ${words}`)
  );
}

/** Reads an answer in one go, so that its JSON is gone at once; where it is not as it must be, the node is to blame. */
function read<T>(answer: HttpAnswer, asked: Asked, use: (result: unknown, bytes: number) => T): T {
  const body = answer.body.take();
  const result = resultOf(answer.status, body, asked);
  try {
    return use(result, body.length);
  } catch (error) {
    if (error instanceof EndpointError || error instanceof TaskFailure) throw error;
    throw malformed(error instanceof Error ? error : new Error(String(error)), asked);
  }
}
