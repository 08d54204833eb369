// A Cosmos node for tests: a real gRPC server and a real RPC over HTTP that serve given heights and accounts, and fail on demand.
// Its responses and error messages are those of real nodes.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { startGrpcServer } from "./cosmos-node-grpc.js";
import { respondToStateQuery, type AccountState } from "./cosmos-node-state.js";

/** A height in the format of the RPC: the results of `block` and `block_results`. */
export interface NodeHeight {
  readonly block: unknown;
  readonly blockResults: unknown;
}

/** How a request fails. */
export type NodeFault = "error" | "rate-limit" | "close" | "hang" | "garbage";

/** A request over either protocol: `status`, `block`, `block_results`, `tx`, `abci_query` or `latest_block`. */
export interface NodeRequest {
  readonly carrier: "rpc" | "grpc";
  readonly method: string;
  readonly height?: number;
}

/** The node's behaviour; tests change it while the node runs. */
export interface NodeBehaviour {
  chainId: string;
  /** The newest height that it reports. */
  head: number;
  earliest: number;
  /** Results from this height on are not available yet. */
  resultsMissingFrom: number;
  /** State below this height is pruned. */
  stateFrom: number;
  /** As before SDK 0.45: an account without delegations is an error, and missing state is an empty response instead of an error. */
  oldState: boolean;
  /** Milliseconds before each response. */
  delayMs: number;
  /** Accepts only JSON-RPC by POST, like some proxies. */
  postOnly: boolean;
  /** Hashes that the transaction index does not contain. */
  readonly lostHashes: Set<string>;
  /** Results of `block_results` by height, sent instead of the node's own. */
  readonly replacedResults: Map<number, unknown>;
  fault: (request: NodeRequest) => NodeFault | undefined;
}

/** A running node and its addresses. */
export interface CosmosTestNode {
  readonly behaviour: NodeBehaviour;
  readonly rpcUrl: string;
  readonly grpcUrl: string;
  /** All received requests, in order. */
  readonly requests: readonly NodeRequest[];
  close(): Promise<void>;
}

/** Options of `startCosmosNode`. */
export interface CosmosTestNodeOptions {
  readonly chainId: string;
  readonly heights: ReadonlyMap<number, NodeHeight>;
  readonly accounts?: AccountState;
  /** If present, both protocols require TLS and are served for `localhost`. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** State and behaviour that both protocols share. */
export interface TestNodeCore {
  readonly behaviour: NodeBehaviour;
  readonly heights: ReadonlyMap<number, NodeHeight>;
  /** Returns the height and position of a transaction by its hash, from the index. */
  findTransaction(hash: string): { readonly height: number; readonly index: number } | undefined;
  /** Returns the block of a height, or a node's error message. */
  block(height: number): { readonly found: NodeHeight } | { readonly error: string };
  /** Returns the response to a state query, or a node's error message. */
  state(
    path: string,
    request: Uint8Array,
    height: number,
  ): { readonly value: Uint8Array } | { readonly error: string };
  /** Records a request and waits for the delay. Resolves with its fault, if any. */
  receive(request: NodeRequest): Promise<NodeFault | undefined>;
}

/** Starts a node on free ports. */
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
  const index = indexTransactions(heights);
  const core: TestNodeCore = {
    behaviour,
    heights,
    findTransaction: (hash) => (behaviour.lostHashes.has(hash) ? undefined : index.get(hash)),
    block: (height) => {
      if (height < 1) return { error: `height must be greater than 0, but got ${height}` };
      if (height > behaviour.head)
        return {
          error: `height ${height} must be less than or equal to the current blockchain height ${behaviour.head}`,
        };
      const found = heights.get(height);
      if (found === undefined || height < behaviour.earliest)
        return { error: `height ${height} is not available, lowest height is ${behaviour.earliest}` };
      return { found };
    },
    state: (path, request, height) => {
      const { oldState } = behaviour;
      const isAvailable = height <= behaviour.head && height >= behaviour.stateFrom;
      if (!isAvailable && !oldState)
        return {
          error:
            `failed to load state at height ${height}; version mismatch on immutable IAVL tree; version does not exist. ` +
            `Version has either been pruned, or is for a future block height (latest height: ${behaviour.head}): invalid request`,
        };
      const known = isAvailable ? (accounts ?? new Map()) : undefined;
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

/** Returns the bytes of a block's transactions. */
export function transactionsOf(height: NodeHeight): Buffer[] {
  const { block } = height.block as { block: { data: { txs: string[] | null } } };
  return (block.data.txs ?? []).map((bytes) => Buffer.from(bytes, "base64"));
}

function indexTransactions(
  heights: ReadonlyMap<number, NodeHeight>,
): Map<string, { height: number; index: number }> {
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
  if (fault !== undefined) return sendFault(fault, response);
  const outcome = executeRpc(core, body.method, { ...body.params, posted: posted ? "yes" : undefined });
  const text =
    "result" in outcome
      ? JSON.stringify({ jsonrpc: "2.0", id: -1, result: outcome.result })
      : JSON.stringify({
          jsonrpc: "2.0",
          id: -1,
          error: { code: -32603, message: "Internal error", data: outcome.error },
        });
  response.writeHead("result" in outcome ? 200 : 500, { "content-type": "application/json" }).end(text);
}

function sendFault(fault: NodeFault, response: ServerResponse): void {
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

function executeRpc(
  core: TestNodeCore,
  method: string,
  parameters: Parameters,
): { readonly result: unknown } | { readonly error: string } {
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
      const outcome = core.block(height);
      return "error" in outcome ? outcome : { result: outcome.found.block };
    }
    case "block_results": {
      const outcome = core.block(height);
      if ("error" in outcome) return outcome;
      if (height >= behaviour.resultsMissingFrom)
        return { error: `could not find results for height #${height}` };
      return { result: behaviour.replacedResults.get(height) ?? outcome.found.blockResults };
    }
    case "tx": {
      const parameter = parameters["hash"] ?? "";
      const hash =
        parameters["posted"] === "yes"
          ? Buffer.from(parameter, "base64").toString("hex")
          : parameter.slice(2);
      const found = core.findTransaction(hash.toUpperCase());
      if (found === undefined) return { error: `tx (${hash}) not found` };
      return { result: { hash, height: String(found.height), index: found.index } };
    }
    case "abci_query": {
      const path = (parameters["path"] ?? "").replaceAll('"', "");
      const request = Buffer.from((parameters["data"] ?? "").replace(/^0x/, ""), "hex");
      const outcome = core.state(path, request, height);
      const response =
        "error" in outcome
          ? { code: 18, codespace: "sdk", log: outcome.error, height: "0", value: null }
          : {
              code: 0,
              log: "",
              height: String(height),
              value: Buffer.from(outcome.value).toString("base64"),
            };
      return { result: { response } };
    }
    default:
      return { error: `method ${method} not found` };
  }
}
