// Sample Cosmos messages with nested payloads: contracts, IBC, and an unknown type.
import { MsgExecuteContract, MsgInstantiateContract, MsgStoreCode } from "cosmjs-types/cosmwasm/wasm/v1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import { CosmosTx } from "cosmjs-types/ibc/applications/interchain_accounts/v1/packet";
import { MsgTransfer } from "cosmjs-types/ibc/applications/transfer/v1/tx";
import { MsgRecvPacket } from "cosmjs-types/ibc/core/channel/v1/tx";
import { testAddress, pack, paymentEvents } from "./cosmos-generator.js";
import {
  alice,
  bob,
  carol,
  contract,
  relayer,
  coin,
  expectedAmount,
  party,
  huge,
  send,
  type SampleMessage,
} from "./cosmos-message-parts.js";

/** Creates the message of a relayer that delivers a packet. */
const packet = (data: string): Any =>
  pack(
    MsgRecvPacket,
    MsgRecvPacket.fromPartial({
      packet: {
        sequence: 5n,
        sourcePort: "transfer",
        sourceChannel: "channel-7",
        destinationPort: "transfer",
        destinationChannel: "channel-8",
        data: Buffer.from(data),
        timeoutHeight: { revisionNumber: 1n, revisionHeight: 100n },
      },
      proofCommitment: new Uint8Array(2000).fill(1),
      proofHeight: { revisionNumber: 1n, revisionHeight: 99n },
      signer: relayer,
    }),
  );

/** Messages of wasm and IBC, and one of an unknown type. */
export const packetMessages: readonly SampleMessage[] = [
  {
    name: "contract call",
    packed: pack(MsgExecuteContract, {
      sender: alice,
      contract,
      msg: Buffer.from(JSON.stringify({ swap: { to: carol } })),
      funds: [coin("4")],
    }),
    events: [
      ...paymentEvents(alice, contract, "4utest"),
      {
        type: "wasm",
        attributes: [
          ["_contract_address", contract],
          ["action", "swap"],
        ],
      },
    ],
    expected: {
      type: ["execute_contract"],
      module: "wasm",
      sender: [party(alice, expectedAmount("4"))],
      recipient: [party(contract, expectedAmount("4"))],
      node: { contract: [{ id: contract }], account: [{ id: carol }] },
      additional: { msg: [JSON.stringify({ swap: { to: carol } })] },
    },
  },
  {
    name: "contract instantiation",
    packed: pack(
      MsgInstantiateContract,
      MsgInstantiateContract.fromPartial({ sender: alice, codeId: 5n, label: "x", msg: Buffer.from("{}") }),
    ),
    events: [
      {
        type: "instantiate",
        attributes: [
          ["_contract_address", contract],
          ["code_id", "5"],
        ],
      },
    ],
    expected: {
      type: ["instantiate_contract"],
      recipient: [party(contract)],
      node: { contract: [{ id: contract }] },
    },
  },
  {
    name: "code of 300 kB",
    packed: pack(
      MsgStoreCode,
      MsgStoreCode.fromPartial({ sender: alice, wasmByteCode: new Uint8Array(300_000).fill(9) }),
    ),
    events: [{ type: "store_code", attributes: [["code_id", "5"]] }],
    expected: {
      type: ["store_code"],
      additional: { "wasm_byte_code.size": ["300000"], code_id: ["5"] },
    },
  },
  {
    name: "transfer to another chain",
    packed: pack(
      MsgTransfer,
      MsgTransfer.fromPartial({
        sourcePort: "transfer",
        sourceChannel: "channel-1",
        token: coin("6"),
        sender: alice,
        receiver: "osmo1anything",
        memo: "m",
      }),
    ),
    events: paymentEvents(alice, testAddress("escrow"), "6utest"),
    expected: {
      type: ["transfer"],
      module: "ibc",
      sender: [party(alice, expectedAmount("6"))],
      recipient: [party("osmo1anything", expectedAmount("6"))],
    },
  },
  {
    name: "packet received",
    packed: packet(
      JSON.stringify({
        denom: "transfer/channel-7/uosmo",
        amount: huge,
        sender: "osmo1from",
        receiver: bob,
      }),
    ),
    events: paymentEvents(testAddress("escrow"), bob, "1utest"),
    expected: {
      type: ["recv_packet"],
      module: "ibc",
      sender: [party("osmo1from", expectedAmount(huge, "transfer/channel-7/uosmo")), party(relayer)],
      recipient: [party(bob, expectedAmount(huge, "transfer/channel-7/uosmo"))],
    },
  },
  {
    name: "packet with messages for an interchain account",
    packed: packet(
      JSON.stringify({
        type: "TYPE_EXECUTE_TX",
        data: Buffer.from(CosmosTx.encode({ messages: [send] }).finish()).toString("base64"),
        memo: "",
      }),
    ),
    events: [],
    expected: { type: ["recv_packet"], sender: [party(relayer)] },
  },
  {
    name: "unknown type",
    packed: { typeUrl: "/unheard.of.v1.MsgWonder", value: send.value },
    events: paymentEvents(alice, bob, "7utest"),
    expected: {
      type: ["/unheard.of.v1.MsgWonder"],
      module: "of",
      sender: [party(alice)],
      additional: {
        type_url: ["/unheard.of.v1.MsgWonder"],
        value: [Buffer.from(send.value).toString("base64")],
      },
    },
  },
];
