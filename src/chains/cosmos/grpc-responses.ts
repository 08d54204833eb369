// Reads blocks and results from the messages of a node's gRPC services.
// Imports only cosmjs-types, domain and decode/; never does I/O.
import type { TxResponse } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import type { GetBlockByHeightResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import type { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { addressHex } from "./decode/addresses.js";
import { decodeBytes } from "./decode/bytes-reader.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";
import { MalformedResponse } from "./rpc-responses.js";

/** The fields that every block service returns; `sdkBlock` differs from `block` only in the proposer's format. */
export type BlockResponse = Partial<Pick<GetBlockByHeightResponse, "blockId" | "block" | "sdkBlock">>;

/** Reads the block of a response. Throws MalformedResponse if it has none. */
export function blockFromGrpc(response: BlockResponse): RawCosmosBlock {
  const { blockId, block, sdkBlock } = response;
  const found = block ?? sdkBlock;
  if (found === undefined || blockId === undefined || blockId.hash.length === 0)
    throw new MalformedResponse("The node's response contains no block.");
  const { header, data } = found;
  const parent = header.lastBlockId.hash;
  return {
    chainId: header.chainId,
    height: Number(header.height),
    hash: hex(blockId.hash),
    time: nanosOf(header.time),
    transactions: data.txs,
    ...(parent.length > 0 && { parentHash: hex(parent) }),
    ...proposerOf(response),
  };
}

/** `block` has the proposer's bytes as in the header; the newer `sdkBlock` has the same bytes in bech32. */
function proposerOf({ block, sdkBlock }: BlockResponse): { readonly proposer?: string } {
  const bytes = block?.header.proposerAddress ?? new Uint8Array();
  const proposer = bytes.length > 0 ? hex(bytes) : addressHex(sdkBlock?.header.proposerAddress ?? "");
  return proposer === undefined ? {} : { proposer };
}

/** Reads the result of one transaction from the node's index (cosmos.base.abci.v1beta1.TxResponse). */
export function resultFromTxResponse(response: TxResponse): RawCosmosResult {
  return {
    code: response.code,
    codespace: response.codespace,
    log: response.rawLog,
    gasWanted: response.gasWanted,
    gasUsed: response.gasUsed,
    events: response.events,
  };
}

/** Whether bytes are a transaction that a node can decode. GetTx returns no result for any other. */
export function isDecodable(bytes: Uint8Array): boolean {
  try {
    const { bodyBytes, authInfoBytes } = decodeBytes(TxRaw, bytes);
    decodeBytes(AuthInfo, authInfoBytes);
    return decodeBytes(TxBody, bodyBytes).messages.length > 0;
  } catch {
    return false;
  }
}

/** The result that every node stores for bytes that are not a transaction (SDK types/errors, ErrTxDecode). */
export const undecodableResult: RawCosmosResult = {
  code: 2,
  codespace: "sdk",
  log: "tx parse error",
  gasWanted: 0n,
  gasUsed: 0n,
  events: [],
};

function nanosOf({ seconds, nanos }: Timestamp): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
