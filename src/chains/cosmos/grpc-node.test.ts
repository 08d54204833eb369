// gRPC responses with bytes that are not UTF-8: they decode as in the node's JSON.
import { GetTxResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { TxResponse } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import { expect, it } from "vitest";
import { makePayment } from "../../testing/cosmos-generator.js";
import { transactionHash } from "./decode/transaction.js";
import type { GrpcClient } from "./grpc-client.js";
import { createGrpcNode } from "./grpc-node.js";

const signal = new AbortController().signal;

/** An error message of the SDK's authz contains the key of the grant, which is arbitrary bytes. */
const log = Buffer.concat([
  Buffer.from("failed to update grant with key "),
  Buffer.from([0x01, 0xe5, 0x67, 0xff, 0xc3, 0xa9]),
]);

it("replaces each invalid byte of a log that is not UTF-8", async () => {
  const { bytes } = makePayment(5, 0);
  const block = { chainId: "test-1", height: 5, hash: "AB", time: 0n, transactions: [bytes] };
  // A string cannot contain these bytes: they replace a placeholder of the same length.
  const placeholder = "@".repeat(log.length);
  const answer = Buffer.from(
    GetTxResponse.encode(
      GetTxResponse.fromPartial({
        txResponse: TxResponse.fromPartial({
          height: 5n,
          txhash: transactionHash(bytes),
          code: 5,
          rawLog: placeholder,
        }),
      }),
    ).finish(),
  );
  answer.set(log, answer.indexOf(placeholder));
  const client: GrpcClient = {
    call: ({ decode }) => Promise.resolve(decode(new Uint8Array(answer))),
    close: () => undefined,
  };
  const { value } = await createGrpcNode(client).results(block, signal);
  expect(value.take()).toMatchObject([
    { code: 5, log: "failed to update grant with key \u0001\ufffdg\ufffdé" },
  ]);
});
