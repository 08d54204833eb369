// A fake Ethereum node with injectable faults, and a small generated chain for it to serve.
import { createServer, type IncomingHttpHeaders } from "node:http";
import { isRecord } from "../lib/is-record.js";
import { word } from "./ethereum-bytecode.js";

/** One received call. */
export interface StandInCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** An HTTP response that replaces the responses to the calls; `hang` sends none. */
export type StandInReply =
  | { readonly status?: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang";

/** Thrown by `respond` to return a JSON-RPC error. */
export class StandInError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A running fake node. */
export interface StandInNode {
  readonly url: string;
  /** The calls of each HTTP request so far. */
  readonly requests: readonly (readonly StandInCall[])[];
  readonly lastHeaders: IncomingHttpHeaders;
  stop(): Promise<void>;
}

/** Options of `startStandInNode`. */
export interface StandInOptions {
  /** Returns the result of one call. */
  readonly respond: (call: StandInCall) => unknown;
  /** Returns a response to a complete request, or undefined to respond to its calls. */
  readonly intercept?: (calls: readonly StandInCall[], batch: boolean) => StandInReply | undefined;
  /** Changes the list of responses of a request. */
  readonly rearrange?: (responses: readonly object[]) => readonly object[];
}

/** Starts a node on a free port. */
export async function startStandInNode(options: StandInOptions): Promise<StandInNode> {
  const requests: StandInCall[][] = [];
  let lastHeaders: IncomingHttpHeaders = {};
  const { respond, intercept, rearrange = (responses) => responses } = options;

  const respondToCall = (call: StandInCall): object => {
    const envelope = { jsonrpc: "2.0", id: call.id };
    try {
      return { ...envelope, result: respond(call) };
    } catch (error) {
      if (!(error instanceof StandInError)) throw error;
      return { ...envelope, error: { code: error.code, message: error.message } };
    }
  };
  const server = createServer((request, response) => {
    lastHeaders = request.headers;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const batch = Array.isArray(body);
      const calls = (batch ? body : [body]).map(callOf);
      requests.push(calls);
      const reply = intercept?.(calls, batch);
      if (reply === "hang") return;
      const responses = reply === undefined ? rearrange(calls.map(respondToCall)) : [];
      response.writeHead(reply?.status ?? 200, { "content-type": "application/json", ...reply?.headers });
      response.end(reply?.body ?? JSON.stringify(batch ? responses : responses[0]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get lastHeaders() {
      return lastHeaders;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function callOf(value: unknown): StandInCall {
  if (!isRecord(value)) throw new Error("The request is not a JSON-RPC call.");
  const { id, method, params } = value;
  return { id, method: String(method), params: Array.isArray(params) ? params : [] };
}

/** A block of the generated chain. */
export interface GeneratedBlock extends Record<string, unknown> {
  readonly hash: string;
  readonly transactions: readonly Record<string, unknown>[];
}

/** Changes to the generated chain. */
export interface GeneratedChanges {
  readonly chainId?: number;
  readonly head?: number;
  readonly block?: (height: number, block: GeneratedBlock) => unknown;
  readonly receipts?: (height: number, receipts: readonly Record<string, unknown>[]) => unknown;
  /** Methods that the node does not support. */
  readonly without?: readonly string[];
}

/** Transactions in each generated block. */
export const generatedTransactions = 3;

/** Returns a `respond` function over a chain of 1,000 linked blocks of three transactions each. */
export function generatedChain(changes: GeneratedChanges = {}): (call: StandInCall) => unknown {
  const head = changes.head ?? 1000;
  const blockAt = (height: number): unknown => {
    if (height > head) return null;
    const block = generatedBlock(height);
    return changes.block === undefined ? block : changes.block(height, block);
  };
  const receiptsAt = (height: number): unknown => {
    if (height > head) return null;
    const receipts = generatedReceipts(height);
    return changes.receipts === undefined ? receipts : changes.receipts(height, receipts);
  };
  return ({ method, params }) => {
    if (changes.without?.includes(method) === true) {
      throw new StandInError(-32601, `the method ${method} does not exist/is not available`);
    }
    const [first] = params;
    switch (method) {
      case "eth_chainId":
        return hex(changes.chainId ?? 7);
      case "eth_blockNumber":
        return hex(head);
      case "eth_getBlockByNumber":
        return blockAt(first === "latest" ? head : Number(first));
      case "eth_getBlockReceipts":
        return receiptsAt(Number(first));
      case "eth_getTransactionReceipt": {
        const height = Math.floor((Number(first) - 1) / 16);
        return generatedReceipts(height).find(({ transactionHash }) => transactionHash === first) ?? null;
      }
      case "eth_getBalance":
        return hex(5);
      default:
        throw new StandInError(-32601, "Method not found");
    }
  };
}

const account = `0x${"a1".repeat(20)}`;
const hex = (value: number): string => `0x${value.toString(16)}`;
const blockHash = (height: number): string => word(0xb10c_0000 + height);
const transactionHash = (height: number, index: number): string => word(height * 16 + index + 1);

function generatedBlock(height: number): GeneratedBlock {
  return {
    number: hex(height),
    hash: blockHash(height),
    parentHash: height === 0 ? word(0) : blockHash(height - 1),
    timestamp: hex(1_700_000_000 + height * 12),
    miner: account,
    transactions: Array.from({ length: generatedTransactions }, (_, index) => ({
      blockHash: blockHash(height),
      blockNumber: hex(height),
      transactionIndex: hex(index),
      hash: transactionHash(height, index),
      type: "0x0",
      from: account,
      to: account,
      nonce: hex(height * generatedTransactions + index),
      value: "0x1",
      input: "0x",
      gas: "0x5208",
      gasPrice: "0x2",
      v: "0x1b",
      r: "0x1",
      s: "0x1",
    })),
  };
}

function generatedReceipts(height: number): Record<string, unknown>[] {
  return Array.from({ length: generatedTransactions }, (_, index) => ({
    blockHash: blockHash(height),
    blockNumber: hex(height),
    transactionIndex: hex(index),
    transactionHash: transactionHash(height, index),
    status: "0x1",
    gasUsed: "0x5208",
    effectiveGasPrice: "0x2",
    contractAddress: null,
    logs: [],
  }));
}
