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
import { unknownResult, type RawCosmosBlock, type RawCosmosResult } from "./decode/raw-height.js";
import { transactionHash } from "./decode/transaction.js";
import {
  isDecodable,
  blockFromGrpc,
  resultFromTxResponse,
  undecodableResult,
  type BlockResponse,
} from "./grpc-responses.js";
import { UnsupportedService, type GrpcClient, type GrpcMethod } from "./grpc-client.js";
import { malformedResponse, notReadyError, type RequestSubject } from "./node-faults.js";
import type { CosmosNode } from "./node.js";

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

function method<Request, Response>(
  path: string,
  request: Encoder<Request>,
  response: Codec<Response>,
): GrpcMethod<Request, Response> {
  return {
    path,
    encode: (message) => request.encode(message).finish(),
    // Logs may contain invalid UTF-8, which becomes U+FFFD as in the node's JSON.
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

/** Maximum parallel GetTx calls for the results of one block. */
export const resultsAtOnce = 16;

/** Creates a node over gRPC. Closing the node closes `client`. */
export function createGrpcNode(client: GrpcClient): CosmosNode {
  /** The block service that the node implements; detected on the first call. */
  let blockService: "tendermint" | "tx" = "tendermint";

  async function fetchBlock(height: number, signal: AbortSignal): Promise<BlockResponse> {
    const options = { signal, subject: { name: `height ${height}`, height } };
    if (blockService === "tx") {
      return client.call(getBlockWithTxs, { height: BigInt(height) }, options);
    }
    try {
      return await client.call(getBlockByHeight, { height: BigInt(height) }, options);
    } catch (error) {
      if (!(error instanceof UnsupportedService)) throw error;
      const response = await client.call(getBlockWithTxs, { height: BigInt(height) }, options);
      blockService = "tx";
      return response;
    }
  }

  async function result(
    block: RawCosmosBlock,
    { bytes, isTwice }: TransactionRequest,
    signal: AbortSignal,
  ): Promise<RawCosmosResult> {
    if (!isDecodable(bytes)) return undecodableResult;
    const hash = transactionHash(bytes);
    if (isTwice)
      throw notIndexed(
        `height ${block.height} contains transaction ${hash} twice, which only the RPC's results distinguish`,
        block.height,
      );
    const subject = { name: `the result of transaction ${hash}`, height: block.height };
    const { txResponse } = await client.call(getTx, { hash }, { signal, subject }).catch((error: unknown) => {
      // The index may lag behind the block. `not_ready` makes the caller retry instead of storing a transaction without a result.
      if (error instanceof EndpointError && error.details.failure?.details.type === "not_found")
        throw notReadyError(subject);
      throw error;
    });
    // The index has one entry per hash: of bytes that were committed twice it keeps only one result.
    if (
      txResponse === undefined ||
      Number(txResponse.height) !== block.height ||
      txResponse.txhash.toUpperCase() !== hash
    )
      throw notIndexed(
        `its index has transaction ${hash} of height ${block.height} at another height`,
        block.height,
      );
    return resultFromTxResponse(txResponse);
  }

  return {
    async status(signal) {
      const response = await client.call(
        getLatestBlock,
        {},
        { signal, subject: { name: "its newest block" } },
      );
      const { chainId, height, hash, time } = blockOrMalformed(response, { name: "its newest block" });
      return { chainId, head: { height, hash, time } };
    },
    async earliest(signal) {
      try {
        await fetchBlock(1, signal);
        return 1;
      } catch (error) {
        const message = error instanceof EndpointError ? error.message : "";
        const lowest = /lowest height is (\d+)/.exec(message)?.[1];
        if (lowest === undefined) throw error;
        return Number(lowest);
      }
    },
    async block(height, signal) {
      const subject = { name: `height ${height}`, height };
      const response = await fetchBlock(height, signal);
      if (response.block === undefined && response.sdkBlock === undefined) throw notReadyError(subject);
      const block = blockOrMalformed(response, subject);
      if (block.height !== height)
        throw malformedResponse(new Error(`it has height ${block.height}`), subject);
      return { value: block, bytes: sizeOf(block.transactions) };
    },
    async results(block, signal, { leaveUnknown } = { leaveUnknown: false }) {
      // Many parallel calls listen to one signal: Node would warn of a leak.
      setMaxListeners(0, signal);
      const requests = transactionRequests(block.transactions);
      const results: RawCosmosResult[] = [];
      for (let start = 0; start < requests.length; start += resultsAtOnce) {
        const part = requests.slice(start, start + resultsAtOnce);
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
    async findHeight(hash, signal) {
      const subject = { name: `transaction ${hash}` };
      const { txResponse } = await client.call(getTx, { hash }, { signal, subject });
      if (txResponse === undefined) throw malformedResponse(new Error("it contains no transaction"), subject);
      return Number(txResponse.height);
    },
    query: ({ path, request, height }, signal) =>
      client.call({ path, encode: (bytes: Uint8Array) => bytes, decode: (bytes) => bytes }, request, {
        signal,
        height,
        subject: { name: `the state at height ${height}`, height },
      }),
    close: () => client.close(),
  };
}

function blockOrMalformed(response: BlockResponse, subject: RequestSubject): RawCosmosBlock {
  try {
    return blockFromGrpc(response);
  } catch (error) {
    throw malformedResponse(error, subject);
  }
}

interface TransactionRequest {
  readonly bytes: Uint8Array;
  /** Whether the block contains the same bytes more than once. */
  readonly isTwice: boolean;
}

function transactionRequests(transactions: readonly Uint8Array[]): TransactionRequest[] {
  const counts = new Map<string, number>();
  const hashes = transactions.map(transactionHash);
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return transactions.map((bytes, index) => ({ bytes, isTwice: (counts.get(hashes[index] ?? "") ?? 0) > 1 }));
}

/** Whether the error means that the node's index has no result for the transaction. */
function isLost(error: unknown): error is EndpointError {
  const type = error instanceof EndpointError ? error.details.failure?.details.type : undefined;
  return type === "not_indexed" || type === "not_ready";
}

function sizeOf(list: readonly Uint8Array[]): number {
  return list.reduce((sum, { length }) => sum + length, 0);
}

function resultSize({ log, events }: RawCosmosResult): number {
  const attributes = events.flatMap((event) => event.attributes);
  return attributes.reduce((sum, { key, value }) => sum + key.length + value.length, log.length);
}

function notIndexed(message: string, height: number): EndpointError {
  const advice = `${message}: configure the node's RPC (COSMOS_RPC_URL) as well`;
  const failure = new TaskFailure(advice, "other-worker", { type: "not_indexed", height });
  return new EndpointError("missing", advice, { failure });
}
