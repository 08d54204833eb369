// A node through the gRPC services of the Cosmos SDK.
// Imports only cosmjs-types, domain, endpoint-error and its neighbours; never chooses between nodes, never retries.
import { setMaxListeners } from "node:events";
import * as tendermint from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import {
  GetBlockWithTxsRequest,
  GetBlockWithTxsResponse,
  GetTxRequest,
  GetTxResponse,
} from "cosmjs-types/cosmos/tx/v1beta1/service";
import { TaskFailure } from "../../domain/task.js";
import { TakeOnce } from "../../lib/take-once.js";
import { EndpointError } from "../endpoint-error.js";
import { decodeBytes, type Codec } from "./decode/bytes-reader.js";
import { unknownResult, type RawBlock, type RawResult } from "./decode/raw-height.js";
import { transactionHash } from "./decode/transaction.js";
import {
  isDecodable,
  readBlockAnswer,
  readTxResponse,
  undecodableResult,
  type BlockAnswer,
} from "./grpc-answers.js";
import { Unsupported, type GrpcClient, type Method } from "./grpc-client.js";
import { malformed, missingBlock } from "./node-faults.js";
import type { CosmosNode } from "./node.js";

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

function method<Request, Response>(
  path: string,
  request: Encoder<Request>,
  response: Codec<Response>,
): Method<Request, Response> {
  return {
    path,
    encode: (message) => request.encode(message).finish(),
    // Logs may hold bytes that are no UTF-8: they become what they become in the node's JSON.
    decode: (bytes) => decodeBytes(response, bytes),
  };
}

const service = "/cosmos.base.tendermint.v1beta1.Service";
const getLatestBlock = method(
  `${service}/GetLatestBlock`,
  tendermint.GetLatestBlockRequest,
  tendermint.GetLatestBlockResponse,
);
const getBlockByHeight = method(
  `${service}/GetBlockByHeight`,
  tendermint.GetBlockByHeightRequest,
  tendermint.GetBlockByHeightResponse,
);
const getBlockWithTxs = method(
  "/cosmos.tx.v1beta1.Service/GetBlockWithTxs",
  GetBlockWithTxsRequest,
  GetBlockWithTxsResponse,
);
const getTx = method("/cosmos.tx.v1beta1.Service/GetTx", GetTxRequest, GetTxResponse);

/** Results of one block that are asked at once. */
export const resultsAtOnce = 16;

/** Creates a node over gRPC; `client` is closed with it. */
export function createGrpcNode(client: GrpcClient): CosmosNode {
  /** Nodes have the one service or the other; found out once, then kept. */
  let blockService: "tendermint" | "tx" = "tendermint";

  async function blockAnswer(height: number, signal: AbortSignal): Promise<BlockAnswer> {
    const options = { signal, asked: { what: `height ${height}`, height } };
    if (blockService === "tx") {
      return client.call(getBlockWithTxs, { height: BigInt(height) }, options);
    }
    try {
      return await client.call(getBlockByHeight, { height: BigInt(height) }, options);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      const answer = await client.call(getBlockWithTxs, { height: BigInt(height) }, options);
      blockService = "tx";
      return answer;
    }
  }

  async function result(
    block: RawBlock,
    { bytes, isTwice }: Asking,
    signal: AbortSignal,
  ): Promise<RawResult> {
    if (!isDecodable(bytes)) return undecodableResult;
    const hash = transactionHash(bytes);
    if (isTwice)
      throw notIndexed(
        `height ${block.height} holds transaction ${hash} twice, which only the RPC's results tell apart`,
        block.height,
      );
    const asked = { what: `the result of transaction ${hash}`, height: block.height };
    const { txResponse } = await client.call(getTx, { hash }, { signal, asked }).catch((error: unknown) => {
      // The index may be a moment behind the block: asked again soon, and never taken for a transaction without a result.
      if (error instanceof EndpointError && error.details.failure?.details.type === "not_found")
        throw missingBlock(asked);
      throw error;
    });
    // The index holds one entry for a hash: a transaction that was tried twice has only one of its two results there.
    if (
      txResponse === undefined ||
      Number(txResponse.height) !== block.height ||
      txResponse.txhash.toUpperCase() !== hash
    )
      throw notIndexed(
        `its index holds transaction ${hash} of height ${block.height} at another height`,
        block.height,
      );
    return readTxResponse(txResponse);
  }

  return {
    async status(signal) {
      const answer = await client.call(getLatestBlock, {}, { signal, asked: { what: "its newest block" } });
      const { chainId, height, hash, time } = read(answer, { what: "its newest block" });
      return { chainId, head: { height, hash, time } };
    },
    async earliest(signal) {
      try {
        await blockAnswer(1, signal);
        return 1;
      } catch (error) {
        const words = error instanceof EndpointError ? error.message : "";
        const lowest = /lowest height is (\d+)/.exec(words)?.[1];
        if (lowest === undefined) throw error;
        return Number(lowest);
      }
    },
    async block(height, signal) {
      const asked = { what: `height ${height}`, height };
      const answer = await blockAnswer(height, signal);
      if (answer.block === undefined && answer.sdkBlock === undefined) throw missingBlock(asked);
      const block = read(answer, asked);
      if (block.height !== height) throw malformed(new Error(`it is of height ${block.height}`), asked);
      return { value: block, bytes: sizeOf(block.transactions) };
    },
    async results(block, signal, { leaveUnknown } = { leaveUnknown: false }) {
      // Many calls at once under one signal are no leak.
      setMaxListeners(0, signal);
      const asking = askingOf(block.transactions);
      const results: RawResult[] = [];
      for (let start = 0; start < asking.length; start += resultsAtOnce) {
        const part = asking.slice(start, start + resultsAtOnce);
        const found = part.map((each) =>
          result(block, each, signal).catch((error: unknown) => {
            if (leaveUnknown && isLost(error)) return unknownResult(error.message);
            throw error;
          }),
        );
        results.push(...(await Promise.all(found)));
      }
      return {
        value: new TakeOnce(results),
        bytes: results.reduce((sum, each) => sum + resultSize(each), 0),
      };
    },
    async heightOf(hash, signal) {
      const asked = { what: `transaction ${hash}` };
      const { txResponse } = await client.call(getTx, { hash }, { signal, asked });
      if (txResponse === undefined) throw malformed(new Error("it holds no transaction"), asked);
      return Number(txResponse.height);
    },
    query: ({ path, request, height }, signal) =>
      client.call({ path, encode: (bytes: Uint8Array) => bytes, decode: (bytes) => bytes }, request, {
        signal,
        height,
        asked: { what: `the state at height ${height}`, height },
      }),
    close: () => client.close(),
  };
}

function read(answer: BlockAnswer, asked: { readonly what: string; readonly height?: number }): RawBlock {
  try {
    return readBlockAnswer(answer);
  } catch (error) {
    throw malformed(error instanceof Error ? error : new Error(String(error)), asked);
  }
}

interface Asking {
  readonly bytes: Uint8Array;
  /** The block holds the same bytes more than once. */
  readonly isTwice: boolean;
}

function askingOf(transactions: readonly Uint8Array[]): Asking[] {
  const counts = new Map<string, number>();
  const hashes = transactions.map(transactionHash);
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return transactions.map((bytes, index) => ({ bytes, isTwice: (counts.get(hashes[index] ?? "") ?? 0) > 1 }));
}

/** Whether the node's index does not hold what was asked. */
function isLost(error: unknown): error is EndpointError {
  const type = error instanceof EndpointError ? error.details.failure?.details.type : undefined;
  return type === "not_indexed" || type === "not_ready";
}

function sizeOf(list: readonly Uint8Array[]): number {
  return list.reduce((sum, { length }) => sum + length, 0);
}

function resultSize({ log, events }: RawResult): number {
  const attributes = events.flatMap((event) => event.attributes);
  return attributes.reduce((sum, { key, value }) => sum + key.length + value.length, log.length);
}

function notIndexed(message: string, height: number): EndpointError {
  const mend = `${message}: give the worker the node's RPC as well`;
  const failure = new TaskFailure(mend, "other-worker", { type: "not_indexed", height });
  return new EndpointError("missing", mend, { failure });
}
