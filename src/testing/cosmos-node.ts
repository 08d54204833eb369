// A stand-in for a Cosmos node: a real gRPC server and a real RPC over HTTP that serve given heights and accounts, and misbehave on
// demand. It answers as a node does, errors in a node's own words included.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { startGrpcServer } from "./cosmos-node-grpc.js";
import { respondToStateQuery, type AccountState } from "./cosmos-node-state.js";

/** A height as the RPC gives it: the results of `block` and `block_results`. */
export interface NodeHeight {
  readonly block: unknown;
  readonly blockResults: unknown;
}

/** How a request goes wrong. */
export type NodeFault = "error" | "rate-limit" | "close" | "hang" | "garbage";

/** What is asked, by whichever protocol: `status`, `block`, `block_results`, `tx`, `abci_query`, `latest_block`. */
export interface NodeRequest {
  readonly carrier: "rpc" | "grpc";
  readonly method: string;
  readonly height?: number;
}

/** How the node behaves; changed at will while it runs. */
export interface NodeBehaviour {
  chainId: string;
  /** The newest height it tells of. */
  head: number;
  earliest: number;
  /** Results from this height on are not there yet. */
  resultsMissingFrom: number;
  /** State below this height is pruned. */
  stateFrom: number;
  /** As before SDK 0.45: no delegations are an error, and of a state that is not there accounts have nothing, without an error. */
  oldState: boolean;
  /** Milliseconds before each answer. */
  delayMs: number;
  /** Only JSON-RPC by POST, as some proxies. */
  postOnly: boolean;
  /** The index of transactions does not hold these. */
  readonly lostHashes: Set<string>;
  /** Answers of `block_results` as they are to be sent. */
  readonly replacedResults: Map<number, unknown>;
  fault: (request: NodeRequest) => NodeFault | undefined;
}

export interface CosmosTestNode {
  readonly behaviour: NodeBehaviour;
  readonly rpcUrl: string;
  readonly grpcUrl: string;
  /** Every request that came, in order. */
  readonly requests: readonly NodeRequest[];
  close(): Promise<void>;
}

export interface CosmosTestNodeOptions {
  readonly chainId: string;
  readonly heights: ReadonlyMap<number, NodeHeight>;
  readonly accounts?: AccountState;
  /** With it, both protocols are served over TLS alone, for `localhost`. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** What both carriers answer from. */
export interface TestNodeCore {
  readonly behaviour: NodeBehaviour;
  readonly heights: ReadonlyMap<number, NodeHeight>;
  /** The height and position of a transaction by its hash, as the index has it. */
  findTransaction(hash: string): { readonly height: number; readonly index: number } | undefined;
  /** The block of a height, or a node's words for why it is not there. */
  block(height: number): { readonly found: NodeHeight } | { readonly words: string };
  /** The response to a query of state, or a node's words. */
  state(
    path: string,
    request: Uint8Array,
    height: number,
  ): { readonly value: Uint8Array } | { readonly words: string };
  /** Counts a request and says how it goes. */
  receive(request: NodeRequest): Promise<NodeFault | undefined>;
}

/** Starts a stand-in on free ports. */
export async function startCosmosNode({
  chainId,
  heights,
  accounts,
  tls,
}: CosmosTestNodeOptions): Promise<CosmosTestNode> {
  const known = [...heights.keys()];
  const behaviour: NodeBehaviour = {
    chainId,
    head: Math.max(...known),
    earliest: Math.min(...known),
    resultsMissingFrom: Infinity,
    stateFrom: 1,
    oldState: false,
    delayMs: 0,
    postOnly: false,
    lostHashes: new Set(),
    replacedResults: new Map(),
    fault: () => undefined,
  };
  const requests: NodeRequest[] = [];
  const index = indexOf(heights);
  const core: TestNodeCore = {
    behaviour,
    heights,
    findTransaction: (hash) => (behaviour.lostHashes.has(hash) ? undefined : index.get(hash)),
    block: (height) => {
      if (height < 1) return { words: `height must be greater than 0, but got ${height}` };
      if (height > behaviour.head)
        return {
          words: `height ${height} must be less than or equal to the current blockchain height ${behaviour.head}`,
        };
      const found = heights.get(height);
      if (found === undefined || height < behaviour.earliest)
        return { words: `height ${height} is not available, lowest height is ${behaviour.earliest}` };
      return { found };
    },
    state: (path, request, height) => {
      const { oldState } = behaviour;
      const isThere = height <= behaviour.head && height >= behaviour.stateFrom;
      if (!isThere && !oldState)
        return {
          words:
            `failed to load state at height ${height}; version mismatch on immutable IAVL tree; version does not exist. ` +
            `Version has either been pruned, or is for a future block height (latest height: ${behaviour.head}): invalid request`,
        };
      const known = isThere ? (accounts ?? new Map()) : undefined;
      return respondToStateQuery(known, { path, request, height, oldState });
    },
    receive: async (request) => {
      requests.push(request);
      if (behaviour.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
      return behaviour.fault(request);
    },
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(core, request, response);
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const grpc = await startGrpcServer(core, tls);
  const rpc = server.address() as AddressInfo;
  return {
    behaviour,
    requests,
    rpcUrl: tls === undefined ? `http://127.0.0.1:${rpc.port}` : `https://localhost:${rpc.port}`,
    grpcUrl: tls === undefined ? `127.0.0.1:${grpc.port}` : `https://localhost:${grpc.port}`,
    close: async () => {
      grpc.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The transactions of a block, as bytes. */
export function transactionsOf(height: NodeHeight): Buffer[] {
  const { block } = height.block as { block: { data: { txs: string[] | null } } };
  return (block.data.txs ?? []).map((bytes) => Buffer.from(bytes, "base64"));
}

function indexOf(heights: ReadonlyMap<number, NodeHeight>): Map<string, { height: number; index: number }> {
  return new Map(
    [...heights].flatMap(([height, stored]) =>
      transactionsOf(stored).map((bytes, index) => [
        createHash("sha256").update(bytes).digest("hex").toUpperCase(),
        { height, index },
      ]),
    ),
  );
}

type Parameters = Readonly<Record<string, string | undefined>>;

async function serve(core: TestNodeCore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "/", "http://node");
  const posted = request.method === "POST";
  if (!posted && core.behaviour.postOnly) {
    response.writeHead(405).end("Method Not Allowed");
    return;
  }
  const body = posted
    ? (JSON.parse(Buffer.concat(chunks).toString("utf8")) as { method: string; params: Parameters })
    : { method: url.pathname.slice(1), params: Object.fromEntries(url.searchParams) };
  const height = body.params["height"] === undefined ? undefined : Number(body.params["height"]);
  const fault = await core.receive({
    carrier: "rpc",
    method: body.method,
    ...(height !== undefined && { height }),
  });
  if (fault !== undefined) return misbehave(fault, response);
  const answer = rpcAnswer(core, body.method, { ...body.params, posted: posted ? "yes" : undefined });
  const text =
    "result" in answer
      ? JSON.stringify({ jsonrpc: "2.0", id: -1, result: answer.result })
      : JSON.stringify({
          jsonrpc: "2.0",
          id: -1,
          error: { code: -32603, message: "Internal error", data: answer.words },
        });
  response.writeHead("result" in answer ? 200 : 500, { "content-type": "application/json" }).end(text);
}

function misbehave(fault: NodeFault, response: ServerResponse): void {
  switch (fault) {
    case "error":
      response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad Gateway</html>");
      return;
    case "rate-limit":
      response.writeHead(429, { "retry-after": "1" }).end();
      return;
    case "garbage":
      response.writeHead(200).end('{"jsonrpc":"2.0","id":-1,"result":{"block_id":');
      return;
    case "close":
      response.socket?.destroy();
      return;
    case "hang":
  }
}

function rpcAnswer(
  core: TestNodeCore,
  method: string,
  parameters: Parameters,
): { readonly result: unknown } | { readonly words: string } {
  const { behaviour } = core;
  const height = Number(parameters["height"]);
  switch (method) {
    case "status":
      return {
        result: {
          node_info: { network: behaviour.chainId, version: "0.38.0" },
          sync_info: {
            latest_block_hash: "",
            latest_block_height: String(behaviour.head),
            latest_block_time: "2024-01-01T00:00:00.123456789Z",
            earliest_block_height: String(behaviour.earliest),
            catching_up: false,
          },
        },
      };
    case "block": {
      const answer = core.block(height);
      return "words" in answer ? answer : { result: answer.found.block };
    }
    case "block_results": {
      const answer = core.block(height);
      if ("words" in answer) return answer;
      if (height >= behaviour.resultsMissingFrom)
        return { words: `could not find results for height #${height}` };
      return { result: behaviour.replacedResults.get(height) ?? answer.found.blockResults };
    }
    case "tx": {
      const written = parameters["hash"] ?? "";
      const hash =
        parameters["posted"] === "yes" ? Buffer.from(written, "base64").toString("hex") : written.slice(2);
      const found = core.findTransaction(hash.toUpperCase());
      if (found === undefined) return { words: `tx (${hash}) not found` };
      return { result: { hash, height: String(found.height), index: found.index } };
    }
    case "abci_query": {
      const path = (parameters["path"] ?? "").replaceAll('"', "");
      const request = Buffer.from((parameters["data"] ?? "").replace(/^0x/, ""), "hex");
      const answer = core.state(path, request, height);
      const response =
        "words" in answer
          ? { code: 18, codespace: "sdk", log: answer.words, height: "0", value: null }
          : { code: 0, log: "", height: String(height), value: Buffer.from(answer.value).toString("base64") };
      return { result: { response } };
    }
    default:
      return { words: `method ${method} not found` };
  }
}
