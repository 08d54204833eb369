// A Cosmos node for the benchmark, in its own process: it sends prepared responses, each after the given milliseconds of CPU work.
// It sends its port to its parent process. Arguments: --heights 600 --transactions 20 --node-ms 1
/* global Buffer */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { MsgDelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";

const { values } = parseArgs({
  options: {
    heights: { type: "string", default: "600" },
    transactions: { type: "string", default: "20" },
    "node-ms": { type: "string", default: "0" },
  },
});
const heights = Number(values.heights);
const perHeight = Number(values.transactions);
const chainId = "bench-1";

const coin = (amount) => ({ denom: "uatom", amount: String(amount) });
const address = (name) =>
  `cosmos1${createHash("sha256")
    .update(name)
    .digest("hex")
    .replace(/[1bio]/g, "q")
    .slice(0, 38)}`;

function transaction(height, index) {
  const [from, to] = [address(`from ${height} ${index}`), address(`to ${index}`)];
  const amount = height * 1000 + index;
  const delegates = index % 4 === 0;
  const validator = address("validator").replace("cosmos1", "cosmosvaloper1");
  const message = delegates
    ? MsgDelegate.fromPartial({ delegatorAddress: from, validatorAddress: validator, amount: coin(amount) })
    : MsgSend.fromPartial({ fromAddress: from, toAddress: to, amount: [coin(amount)] });
  const codec = delegates ? MsgDelegate : MsgSend;
  const key = Buffer.concat([Buffer.from([10, 33, 2]), createHash("sha256").update(from).digest()]);
  const bytes = TxRaw.encode({
    bodyBytes: TxBody.encode(
      TxBody.fromPartial({
        messages: [{ typeUrl: codec.typeUrl, value: codec.encode(message).finish() }],
        memo: `${index}`,
      }),
    ).finish(),
    authInfoBytes: AuthInfo.encode(
      AuthInfo.fromPartial({
        signerInfos: [
          {
            publicKey: { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: key },
            modeInfo: { single: { mode: 1 } },
            sequence: BigInt(index),
          },
        ],
        fee: { amount: [coin(2500)], gasLimit: 200000n },
      }),
    ).finish(),
    signatures: [createHash("sha512").update(from).digest()],
  }).finish();
  const event = (type, ...attributes) => ({
    type,
    attributes: attributes.map(([key, value]) => ({ key, value, index: true })),
  });
  const payment = (spender, receiver, text, ...more) => [
    event("coin_spent", ["spender", spender], ["amount", text], ...more),
    event("coin_received", ["receiver", receiver], ["amount", text], ...more),
    event("transfer", ["recipient", receiver], ["sender", spender], ["amount", text], ...more),
    event("message", ["sender", spender], ...more),
  ];
  const mark = ["msg_index", "0"];
  const events = [
    ...payment(from, address("fees"), "2500uatom"),
    event("tx", ["fee", "2500uatom"], ["fee_payer", from]),
    event("tx", ["acc_seq", `${from}/${index}`]),
    event("tx", ["signature", createHash("sha512").update(from).digest("base64")]),
    event("message", ["action", codec.typeUrl], ["sender", from], ["module", "bank"], mark),
    ...payment(from, to, `${amount}uatom`, mark),
  ];
  return {
    bytes: Buffer.from(bytes).toString("base64"),
    result: {
      code: 0,
      data: "Cg==",
      log: "",
      info: "",
      gas_wanted: "200000",
      gas_used: "80000",
      events,
      codespace: "",
    },
  };
}

function createResponses(height) {
  const transactions = Array.from({ length: perHeight }, (_, index) => transaction(height, index));
  const hash = (text) => createHash("sha256").update(text).digest("hex").toUpperCase();
  const signatures = Array.from({ length: 100 }, (_, index) => ({
    block_id_flag: 2,
    validator_address: hash(`validator ${index}`).slice(0, 40),
    timestamp: "2024-05-06T07:08:09.123456789Z",
    signature: createHash("sha512").update(`${height} ${index}`).digest("base64"),
  }));
  const block = {
    block_id: { hash: hash(`block ${height}`) },
    block: {
      header: {
        chain_id: chainId,
        height: String(height),
        time: "2024-05-06T07:08:09.123456789Z",
        last_block_id: { hash: hash(`block ${height - 1}`) },
        proposer_address: hash("proposer").slice(0, 40),
      },
      data: { txs: transactions.map(({ bytes }) => bytes) },
      last_commit: { height: String(height - 1), signatures },
    },
  };
  const results = {
    height: String(height),
    txs_results: transactions.map(({ result }) => result),
    finalize_block_events: [],
    app_hash: "",
  };
  const write = (result) => Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: -1, result }));
  return { block: write(block), block_results: write(results) };
}

const responses = Array.from({ length: heights }, (_, index) => createResponses(index + 1));
const status = Buffer.from(
  JSON.stringify({
    jsonrpc: "2.0",
    id: -1,
    result: {
      node_info: { network: chainId },
      sync_info: { latest_block_height: String(heights), earliest_block_height: "1" },
    },
  }),
);
const workMs = Number(values["node-ms"]);
const server = createServer((incoming, response) => {
  const url = new URL(incoming.url, "http://node");
  const method = url.pathname.slice(1);
  const body = method === "status" ? status : responses[Number(url.searchParams.get("height")) - 1][method];
  for (const end = performance.now() + workMs; performance.now() < end;);
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
});
server.listen(0, "127.0.0.1", () => {
  process.send(server.address().port);
});
