// The gRPC services of the Cosmos test node, on a real grpc-js server: blocks, the transaction index, state queries.
import { Metadata, Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { TxResponse } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import * as service from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { GetTxRequest, GetTxResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { Block } from "cosmjs-types/tendermint/types/block";
import { BlockID } from "cosmjs-types/tendermint/types/types";
import { parseTime } from "../domain/time.js";
import type { NodeFault, NodeHeight, TestNodeCore } from "./cosmos-node.js";

interface RpcBlock {
  readonly block_id: { readonly hash: string };
  readonly block: {
    readonly header: {
      readonly chain_id: string;
      readonly height: string;
      readonly time: string;
      readonly last_block_id?: { readonly hash: string } | null;
      readonly proposer_address: string;
    };
    readonly data: { readonly txs: readonly string[] | null };
  };
}

interface RpcResult {
  readonly code?: number;
  readonly codespace?: string;
  readonly log?: string;
  readonly gas_wanted?: string;
  readonly gas_used?: string;
  readonly events?: readonly {
    readonly type: string;
    readonly attributes: readonly { readonly key: string; readonly value: string | null }[];
  }[];
}

/** An error with a gRPC status. */
class StatusError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
  }
}

type Handler = (
  request: Buffer,
  metadata: Metadata,
) => { readonly value: Uint8Array; readonly height?: number };

/** Starts the gRPC server of a test node on a free port. */
export async function startGrpcServer(
  core: TestNodeCore,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<{ readonly port: number; close(): void }> {
  const server = new Server({ "grpc.max_send_message_length": -1 });
  for (const [name, methods] of Object.entries(handlers(core))) {
    const definition = Object.fromEntries(
      Object.keys(methods).map((method) => [method, raw(`/${name}/${method}`)]),
    );
    const implementation = Object.fromEntries(
      Object.entries(methods).map(([method, handler]) => [method, unary(core, handler.name, handler.run)]),
    );
    server.addService(definition, implementation);
  }
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, close: () => server.forceShutdown() };
}

function raw(path: string): {
  path: string;
  requestStream: false;
  responseStream: false;
  requestSerialize: (value: Buffer) => Buffer;
  requestDeserialize: (value: Buffer) => Buffer;
  responseSerialize: (value: Buffer) => Buffer;
  responseDeserialize: (value: Buffer) => Buffer;
} {
  const same = (value: Buffer): Buffer => value;
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

function unary(core: TestNodeCore, method: string, run: Handler): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    void core.receive({ carrier: "grpc", method }).then((fault) => {
      if (fault === "hang") return;
      if (fault !== undefined) return callback({ code: faultStatus[fault], details: `test node: ${fault}` });
      try {
        const { value, height } = run(call.request, call.metadata);
        if (height !== undefined) {
          const headers = new Metadata();
          headers.set("x-cosmos-block-height", String(height));
          call.sendMetadata(headers);
        }
        callback(null, Buffer.from(value));
      } catch (error) {
        const statusError =
          error instanceof StatusError ? error : new StatusError(status.INTERNAL, String(error));
        callback({ code: statusError.code, details: statusError.message });
      }
    });
  };
}

const faultStatus: Readonly<Record<Exclude<NodeFault, "hang">, status>> = {
  error: status.INTERNAL,
  "rate-limit": status.RESOURCE_EXHAUSTED,
  close: status.UNAVAILABLE,
  garbage: status.UNKNOWN,
};

function handlers(core: TestNodeCore): Record<string, Record<string, { name: string; run: Handler }>> {
  const { behaviour } = core;
  const blockOf = (height: number): { blockId: BlockID; block: Block } => {
    const outcome = core.block(height);
    if ("error" in outcome) throw new StatusError(status.INVALID_ARGUMENT, outcome.error);
    return protoBlock(outcome.found, behaviour.chainId);
  };
  const state =
    (path: string): Handler =>
    (request, metadata) => {
      const height = Number(metadata.get("x-cosmos-block-height")[0]?.toString() ?? behaviour.head);
      const outcome = core.state(path, request, height);
      if ("error" in outcome) throw new StatusError(status.INVALID_ARGUMENT, outcome.error);
      return { value: outcome.value, height };
    };
  const query = (name: string, method: string): Record<string, { name: string; run: Handler }> => ({
    [method]: { name: "abci_query", run: state(`/${name}/${method}`) },
  });
  return {
    "cosmos.base.tendermint.v1beta1.Service": {
      GetLatestBlock: {
        name: "latest_block",
        run: () => ({
          value: service.GetLatestBlockResponse.encode({
            ...protoBlock([...core.heights.values()].at(-1), behaviour.chainId, behaviour.head),
          }).finish(),
        }),
      },
      GetBlockByHeight: {
        name: "block",
        run: (request) => {
          const { height } = service.GetBlockByHeightRequest.decode(request);
          return { value: service.GetBlockByHeightResponse.encode(blockOf(Number(height))).finish() };
        },
      },
    },
    "cosmos.tx.v1beta1.Service": {
      GetTx: {
        name: "tx",
        run: (request) => {
          const { hash } = GetTxRequest.decode(request);
          const found = core.findTransaction(hash.toUpperCase());
          const stored = found === undefined ? undefined : core.heights.get(found.height);
          if (found === undefined || stored === undefined)
            throw new StatusError(status.NOT_FOUND, `tx not found: ${hash}`);
          const txResponse = protoResult(stored, found.index, { hash, height: found.height });
          return { value: GetTxResponse.encode({ txResponse }).finish() };
        },
      },
    },
    "cosmos.auth.v1beta1.Query": query("cosmos.auth.v1beta1.Query", "Params"),
    "cosmos.bank.v1beta1.Query": query("cosmos.bank.v1beta1.Query", "AllBalances"),
    "cosmos.distribution.v1beta1.Query": query("cosmos.distribution.v1beta1.Query", "DelegationTotalRewards"),
    "cosmos.staking.v1beta1.Query": query("cosmos.staking.v1beta1.Query", "DelegatorDelegations"),
  };
}

function protoBlock(
  stored: NodeHeight | undefined,
  chainId: string,
  head?: number,
): { blockId: BlockID; block: Block } {
  if (stored === undefined) throw new StatusError(status.INTERNAL, "no block");
  const { block_id: id, block } = stored.block as RpcBlock;
  const { header } = block;
  const nanos = parseTime(header.time);
  const found = Block.fromPartial({
    header: {
      chainId,
      height: BigInt(head ?? header.height),
      time: { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) },
      lastBlockId: { hash: Buffer.from(header.last_block_id?.hash ?? "", "hex") },
      proposerAddress: Buffer.from(header.proposer_address, "hex"),
    },
    data: { txs: (block.data.txs ?? []).map((bytes) => Buffer.from(bytes, "base64")) },
  });
  return { blockId: BlockID.fromPartial({ hash: Buffer.from(id.hash, "hex") }), block: found };
}

function protoResult(
  stored: NodeHeight,
  index: number,
  { hash, height }: { readonly hash: string; readonly height: number },
): TxResponse {
  const blockResults = stored.blockResults as {
    txs_results: readonly RpcResult[];
    finalize_block_events?: unknown;
  };
  const result = blockResults.txs_results[index] ?? {};
  const keys = blockResults.txs_results
    .flatMap(({ events }) => events ?? [])
    .flatMap(({ attributes }) => attributes);
  const encoded =
    blockResults.finalize_block_events === undefined &&
    keys.every(({ key }) => /^[A-Za-z0-9+/]+=*$/.test(key) && key.length % 4 === 0);
  const read = (text: string | null): string =>
    encoded ? Buffer.from(text ?? "", "base64").toString("utf8") : (text ?? "");
  return TxResponse.fromPartial({
    height: BigInt(height),
    txhash: hash.toUpperCase(),
    code: result.code ?? 0,
    codespace: result.codespace ?? "",
    rawLog: result.log ?? "",
    gasWanted: BigInt(result.gas_wanted ?? "0"),
    gasUsed: BigInt(result.gas_used ?? "0"),
    events: (result.events ?? []).map(({ type, attributes }) => ({
      type,
      attributes: attributes.map(({ key, value }) => ({ key: read(key), value: read(value), index: false })),
    })),
  });
}
