// Blocks and results of a node's gRPC services, by their exact fields.
import { TxResponse } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import { GetBlockByHeightResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { describe, expect, it } from "vitest";
import { makeTransaction, testAddress } from "../../testing/cosmos-generator.js";
import { send } from "../../testing/cosmos-message-parts.js";
import { blockFromGrpc, isDecodable, resultFromTxResponse, undecodableResult } from "./grpc-responses.js";
import { MalformedResponse } from "./rpc-responses.js";

const header = {
  chainId: "test-1",
  height: 5n,
  time: { seconds: 1_700_000_000n, nanos: 7 },
  lastBlockId: { hash: Uint8Array.of(0xcd) },
};
const data = { txs: [Uint8Array.of(1, 2)] };
const blockId = { hash: Uint8Array.of(0xab) };

describe("a block", () => {
  it("has its hashes in upper case and its time in nanoseconds", () => {
    const proposerAddress = Uint8Array.of(0xef);
    const response = GetBlockByHeightResponse.fromPartial({
      blockId,
      block: { header: { ...header, proposerAddress }, data },
    });
    expect(blockFromGrpc(response)).toEqual({
      chainId: "test-1",
      height: 5,
      hash: "AB",
      time: 1_700_000_000_000_000_007n,
      transactions: [Uint8Array.of(1, 2)],
      parentHash: "CD",
      proposer: "EF",
    });
  });

  it("may have its proposer in bech32, no parent and no proposer", () => {
    const proposerAddress = testAddress("node", "testvalcons");
    const sdkBlock = { header: { ...header, lastBlockId: {}, proposerAddress }, data };
    const found = blockFromGrpc(GetBlockByHeightResponse.fromPartial({ blockId, sdkBlock }));
    // The first 20 bytes of the SHA-256 of "node".
    expect(found.proposer).toBe("545EA538461003EFDC8C81C244531B003F6F26CF");
    expect(found).not.toHaveProperty("parentHash");
    const nobody = GetBlockByHeightResponse.fromPartial({ blockId, block: { header, data } });
    expect(blockFromGrpc(nobody)).not.toHaveProperty("proposer");
  });

  it("is read from `block` if both forms exist", () => {
    const response = GetBlockByHeightResponse.fromPartial({
      blockId,
      block: { header: { ...header, height: 5n }, data },
      sdkBlock: { header: { ...header, height: 6n }, data },
    });
    expect(blockFromGrpc(response).height).toBe(5);
  });

  it("is malformed without a block or a hash", () => {
    const { block } = GetBlockByHeightResponse.fromPartial({ block: { header, data } });
    if (block === undefined) throw new Error("No block.");
    for (const response of [
      {},
      { block },
      {
        blockId: {
          ...GetBlockByHeightResponse.fromPartial({ blockId: {} }).blockId!,
          hash: new Uint8Array(),
        },
        block,
      },
    ])
      expect(() => blockFromGrpc(response)).toThrow(MalformedResponse);
  });
});

describe("a result", () => {
  it("has all fields of the node's index", () => {
    const events = [{ type: "x", attributes: [{ key: "a", value: "1", index: true }] }];
    const response = TxResponse.fromPartial({
      code: 5,
      codespace: "sdk",
      rawLog: "log",
      gasWanted: 9n,
      gasUsed: 8n,
      events,
    });
    expect(resultFromTxResponse(response)).toMatchObject({
      code: 5,
      codespace: "sdk",
      log: "log",
      gasWanted: 9n,
      gasUsed: 8n,
      events,
    });
  });

  it("of bytes that are not a transaction is the SDK's error 2", () => {
    expect(undecodableResult).toMatchObject({ code: 2, codespace: "sdk", log: "tx parse error", events: [] });
    expect(isDecodable(makeTransaction([send]))).toBe(true);
    expect(isDecodable(makeTransaction([]))).toBe(false);
    expect(isDecodable(Uint8Array.of(0x0a, 0x7f))).toBe(false);
    const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [send] })).finish();
    const brokenSigning = TxRaw.encode({
      bodyBytes,
      authInfoBytes: Uint8Array.of(0x0a, 0x7f),
      signatures: [],
    });
    expect(isDecodable(brokenSigning.finish())).toBe(false);
  });
});
