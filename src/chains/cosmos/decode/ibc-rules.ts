// Rules of IBC: transfers, and relayed packets with their content.
// Imports only cosmjs-types, domain and its neighbours.
import { CosmosTx, typeToJSON } from "cosmjs-types/ibc/applications/interchain_accounts/v1/packet";
import { MsgSendTx } from "cosmjs-types/ibc/applications/interchain_accounts/controller/v1/tx";
import { FungibleTokenPacketData } from "cosmjs-types/ibc/applications/transfer/v1/packet";
import { MsgTransfer } from "cosmjs-types/ibc/applications/transfer/v1/tx";
import * as channelV1 from "cosmjs-types/ibc/core/channel/v1/tx";
import * as channelV2 from "cosmjs-types/ibc/core/channel/v2/tx";
import type { SubEvent } from "../../../domain/transaction.js";
import { decodeBytes } from "./bytes-reader.js";
import { amountFromCoin } from "./coins.js";
import {
  singleTransfer,
  messageRule,
  coinList,
  type Interpretation,
  type MessageContext,
  type MessageRule,
} from "./rule.js";

/** The known content of a packet. */
interface PacketContent {
  readonly denom?: string;
  readonly amount?: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly memo?: string;
  /** Messages for an interchain account. */
  readonly messages?: readonly SubEvent[];
  /** The type of an interchain accounts packet (ICS-27). */
  readonly kind?: string;
  /** The data of an unknown kind of packet, as text. */
  readonly text?: string;
}

/** Maximum characters of unknown packet data and of acknowledgements to keep as text. */
const maxTextLength = 4096;

/** ICS-20 and ICS-721 packets are JSON with sender and receiver; ICS-27 packets are JSON with a packed CosmosTx. */
function parsePacketData(data: Uint8Array, context: MessageContext): PacketContent {
  const text = Buffer.from(data).toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof json !== "object" || json === null) return {};
  const fields = new Map(Object.entries(json));
  const textOf = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name) as unknown).find((value) => typeof value === "string");
  const inside = textOf("data");
  if (textOf("type") === "TYPE_EXECUTE_TX" && inside !== undefined) {
    const messages = decodeAccountMessages(Buffer.from(inside, "base64"), context);
    return { ...messages, kind: "TYPE_EXECUTE_TX", ...optionalField("memo", textOf("memo")) };
  }
  const [sender, receiver] = [textOf("sender"), textOf("receiver")];
  if (sender === undefined && receiver === undefined) return text.length > maxTextLength ? {} : { text };
  return {
    ...optionalField("denom", textOf("denom", "classId", "class_id")),
    ...optionalField("amount", textOf("amount")),
    ...optionalField("sender", sender),
    ...optionalField("receiver", receiver),
    ...optionalField("memo", textOf("memo")),
  };
}

function optionalField<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  const result: { [key in K]?: string } = {};
  if (value !== undefined) result[name] = value;
  return result;
}

function decodeAccountMessages(bytes: Uint8Array, { decodeInner: inner }: MessageContext): PacketContent {
  try {
    return { messages: decodeBytes(CosmosTx, bytes).messages.map((packed) => inner(packed)) };
  } catch {
    // Some hosts encode their messages as JSON: those stay in the transaction's raw bytes.
    return {};
  }
}

function interpretContent(content: PacketContent, signer: string): Interpretation {
  const { denom, amount, memo, text, kind, messages } = content;
  const isMoney = denom !== undefined && amount !== undefined && /^\d+$/.test(amount);
  const coins = isMoney ? [{ denom, amount }] : [];
  const sent = singleTransfer(content.sender ?? "", coins);
  return {
    sender: [...sent, ...singleTransfer(signer).filter(({ account }) => sent[0]?.account.id !== account.id)],
    recipient: singleTransfer(content.receiver ?? "", coins),
    node: { relayer: [signer] },
    amounts: coins.map((coin) => ["amount", amountFromCoin(coin)]),
    additional: {
      ...(memo !== undefined && memo !== "" && { "packet.memo": [memo] }),
      ...(text !== undefined && { "packet.data": [text] }),
      ...(kind !== undefined && { "packet.type": [kind] }),
    },
    ...(messages !== undefined && messages.length > 0 && { sub: messages }),
  };
}

interface PacketMessage {
  readonly packet?: { readonly data: Uint8Array };
  readonly signer: string;
}

function interpretPacket(
  message: PacketMessage,
  context: MessageContext,
  acknowledgement?: Uint8Array,
): Interpretation {
  const content = message.packet === undefined ? {} : parsePacketData(message.packet.data, context);
  const interpretation = interpretContent(content, message.signer);
  const reply = acknowledgement === undefined ? "" : Buffer.from(acknowledgement).toString("utf8");
  return {
    ...interpretation,
    additional: {
      ...interpretation.additional,
      ...(reply !== "" && { acknowledgement: [reply.slice(0, maxTextLength)] }),
    },
    hints: {
      skip: ["packet.data", "acknowledgement", "proof_acked", "proof_commitment", "proof_unreceived"],
    },
  };
}

interface Payload {
  readonly encoding: string;
  readonly value: Uint8Array;
}

/** IBC v2: a packet contains payloads, each with its own encoding. */
function interpretPayloads(
  payloads: readonly Payload[],
  signer: string,
  context: MessageContext,
): Interpretation {
  const contents = payloads.map(({ encoding, value }): PacketContent => {
    if (!encoding.includes("protobuf")) return parsePacketData(value, context);
    try {
      return decodeBytes(FungibleTokenPacketData, value);
    } catch {
      return {};
    }
  });
  const parts = contents.map((content) => interpretContent(content, ""));
  return {
    sender: [...parts.flatMap(({ sender = [] }) => sender), ...singleTransfer(signer)],
    recipient: parts.flatMap(({ recipient = [] }) => recipient),
    node: { relayer: [signer] },
    amounts: parts.flatMap(({ amounts = [] }) => amounts),
    sub: parts.flatMap(({ sub = [] }) => sub),
    hints: {
      skip: [
        "packet.payloads.value",
        "payloads.value",
        "proof_acked",
        "proof_commitment",
        "proof_unreceived",
      ],
    },
  };
}

/** The rules of IBC messages. */
export const ibcRules: readonly MessageRule[] = [
  messageRule(MsgTransfer, (m) => ({
    sender: singleTransfer(m.sender, coinList(m.token)),
    recipient: singleTransfer(m.receiver, coinList(m.token)),
  })),
  messageRule(MsgSendTx, (m, context) => {
    const { messages = [] } = decodeAccountMessages(m.packetData.data, context);
    return {
      sender: singleTransfer(m.owner),
      sub: messages,
      additional: { "packet_data.type": [typeToJSON(m.packetData.type)] },
      hints: { skip: ["packet_data.data"] },
    };
  }),
  messageRule(channelV1.MsgRecvPacket, (m, context) => interpretPacket(m, context)),
  messageRule(channelV1.MsgTimeout, (m, context) => interpretPacket(m, context)),
  messageRule(channelV1.MsgTimeoutOnClose, (m, context) => interpretPacket(m, context)),
  messageRule(channelV1.MsgAcknowledgement, (m, context) => interpretPacket(m, context, m.acknowledgement)),
  messageRule(channelV2.MsgSendPacket, (m, context) => ({
    ...interpretPayloads(m.payloads, m.signer, context),
    node: {},
  })),
  messageRule(channelV2.MsgRecvPacket, (m, context) =>
    interpretPayloads(m.packet.payloads, m.signer, context),
  ),
  messageRule(channelV2.MsgTimeout, (m, context) => interpretPayloads(m.packet.payloads, m.signer, context)),
  messageRule(channelV2.MsgAcknowledgement, (m, context) =>
    interpretPayloads(m.packet.payloads, m.signer, context),
  ),
];
