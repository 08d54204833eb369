// Invalid fields of RPC responses.
import { describe, expect, it } from "vitest";
import {
  blockFromRpc,
  heightField,
  listField,
  MalformedResponse,
  resultsFromRpc,
  textField,
} from "./rpc-responses.js";

const block = {
  block_id: { hash: "ab" },
  block: { header: { chain_id: "c", height: "5", time: "2024-01-01T00:00:00Z" }, data: { txs: ["AQI="] } },
};

describe("an RPC response", () => {
  it("becomes a block with hashes in upper case", () => {
    expect(blockFromRpc(block)).toEqual({
      chainId: "c",
      height: 5,
      hash: "AB",
      time: 1_704_067_200_000_000_000n,
      transactions: [Uint8Array.of(1, 2)],
    });
  });

  it("without a hash, or with a transaction that is not a string, is malformed", () => {
    expect(() => blockFromRpc({ ...block, block_id: { hash: "" } })).toThrow(MalformedResponse);
    const broken = { ...block.block, data: { txs: [5] } };
    expect(() => blockFromRpc({ ...block, block: broken })).toThrow(/not a string/);
  });

  it.each(["-1", "1.5", "x", "9007199254740992"])("with height '%s' is malformed", (height) => {
    expect(() => heightField({ height }, "height")).toThrow("The node's response has no height 'height'.");
  });

  it("may omit texts and lists, or set them to null", () => {
    expect([textField({}, "a"), textField({ a: null }, "a"), textField({ a: 5 }, "a")]).toEqual([
      "",
      "",
      "5",
    ]);
    expect([listField({}, "a"), listField({ a: null }, "a")]).toEqual([[], []]);
    expect(() => listField({ a: "x" }, "a")).toThrow(MalformedResponse);
    expect(() => textField({ a: {} }, "a")).toThrow(MalformedResponse);
  });

  it("with results that are not objects, or events that are not a list, is malformed", () => {
    expect(() => resultsFromRpc({ height: "5", txs_results: [5] })).toThrow(MalformedResponse);
    expect(() =>
      resultsFromRpc({ height: "5", txs_results: [{ events: "x" }], finalize_block_events: [] }),
    ).toThrow(MalformedResponse);
    expect(() => resultsFromRpc({ height: "5", txs_results: [{ gas_used: "x" }] })).toThrow(
      /no integer 'gas_used'/,
    );
  });
});
