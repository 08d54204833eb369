// Rules of IBC: transfers, and the packets that relayers carry, with what is inside of them.
// Imports only cosmjs-types, domain and its neighbours.
import { CosmosTx, typeToJSON } from "cosmjs-types/ibc/applications/interchain_accounts/v1/packet";
import { MsgSendTx } from "cosmjs-types/ibc/applications/interchain_accounts/controller/v1/tx";
import { FungibleTokenPacketData } from "cosmjs-types/ibc/applications/transfer/v1/packet";
import { MsgTransfer } from "cosmjs-types/ibc/applications/transfer/v1/tx";
import * as channelV1 from "cosmjs-types/ibc/core/channel/v1/tx";
import * as channelV2 from "cosmjs-types/ibc/core/channel/v2/tx";
import type { SubEvent } from "../../../domain/transaction.js";
import { decodeBytes } from "./bytes-reader.js";
import { coinAmount } from "./coins.js";
import { one, rule, some, type Meaning, type MessageContext, type Rule } from "./rule.js";

/** What a packet carries, as far as it is known. */
interface Load {
  readonly denom?: string;
  readonly amount?: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly memo?: string;
  /** Messages for the account of another chain. */
  readonly messages?: readonly SubEvent[];
  /** What kind of packet for interchain accounts it is. */
  readonly kind?: string;
  /** Any other text. */
  readonly text?: string;
}

/** The longest data of a packet that is kept as text where it is of no known kind. */
const longestText = 4096;

/** ICS-20 and ICS-721 packets are JSON with sender and receiver; ICS-27 packets are JSON with a packed CosmosTx. */
function readLoad(data: Uint8Array, context: MessageContext): Load {
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
    const messages = readTx(Buffer.from(inside, "base64"), context);
    return { ...messages, kind: "TYPE_EXECUTE_TX", ...given("memo", textOf("memo")) };
  }
  const [sender, receiver] = [textOf("sender"), textOf("receiver")];
  if (sender === undefined && receiver === undefined) return text.length > longestText ? {} : { text };
  return {
    ...given("denom", textOf("denom", "classId", "class_id")),
    ...given("amount", textOf("amount")),
    ...given("sender", sender),
    ...given("receiver", receiver),
    ...given("memo", textOf("memo")),
  };
}

function given<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  const result: { [key in K]?: string } = {};
  if (value !== undefined) result[name] = value;
  return result;
}

function readTx(bytes: Uint8Array, { inner }: MessageContext): Load {
  try {
    return { messages: decodeBytes(CosmosTx, bytes).messages.map((packed) => inner(packed)) };
  } catch {
    // Some hosts pack their messages as JSON: they stay in the transaction's raw bytes.
    return {};
  }
}

function loadMeaning(load: Load, signer: string): Meaning {
  const { denom, amount, memo, text, kind, messages } = load;
  const isMoney = denom !== undefined && amount !== undefined && /^\d+$/.test(amount);
  const coins = isMoney ? [{ denom, amount }] : [];
  const sent = one(load.sender ?? "", coins);
  return {
    sender: [...sent, ...one(signer).filter(({ account }) => sent[0]?.account.id !== account.id)],
    recipient: one(load.receiver ?? "", coins),
    node: { relayer: [signer] },
    amounts: coins.map((coin) => ["amount", coinAmount(coin)]),
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

function packetMeaning(
  message: PacketMessage,
  context: MessageContext,
  acknowledgement?: Uint8Array,
): Meaning {
  const load = message.packet === undefined ? {} : readLoad(message.packet.data, context);
  const meaning = loadMeaning(load, message.signer);
  const answer = acknowledgement === undefined ? "" : Buffer.from(acknowledgement).toString("utf8");
  return {
    ...meaning,
    additional: {
      ...meaning.additional,
      ...(answer !== "" && { acknowledgement: [answer.slice(0, longestText)] }),
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

/** IBC v2: a packet holds payloads, each with an encoding of its own. */
function payloadsMeaning(payloads: readonly Payload[], signer: string, context: MessageContext): Meaning {
  const loads = payloads.map(({ encoding, value }): Load => {
    if (!encoding.includes("protobuf")) return readLoad(value, context);
    try {
      return decodeBytes(FungibleTokenPacketData, value);
    } catch {
      return {};
    }
  });
  const parts = loads.map((load) => loadMeaning(load, ""));
  return {
    sender: [...parts.flatMap(({ sender = [] }) => sender), ...one(signer)],
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

/** All rules of this file. */
export const ibcRules: readonly Rule[] = [
  rule(MsgTransfer, (m) => ({
    sender: one(m.sender, some(m.token)),
    recipient: one(m.receiver, some(m.token)),
  })),
  rule(MsgSendTx, (m, context) => {
    const { messages = [] } = readTx(m.packetData.data, context);
    return {
      sender: one(m.owner),
      sub: messages,
      additional: { "packet_data.type": [typeToJSON(m.packetData.type)] },
      hints: { skip: ["packet_data.data"] },
    };
  }),
  rule(channelV1.MsgRecvPacket, (m, context) => packetMeaning(m, context)),
  rule(channelV1.MsgTimeout, (m, context) => packetMeaning(m, context)),
  rule(channelV1.MsgTimeoutOnClose, (m, context) => packetMeaning(m, context)),
  rule(channelV1.MsgAcknowledgement, (m, context) => packetMeaning(m, context, m.acknowledgement)),
  rule(channelV2.MsgSendPacket, (m, context) => ({
    ...payloadsMeaning(m.payloads, m.signer, context),
    node: {},
  })),
  rule(channelV2.MsgRecvPacket, (m, context) => payloadsMeaning(m.packet.payloads, m.signer, context)),
  rule(channelV2.MsgTimeout, (m, context) => payloadsMeaning(m.packet.payloads, m.signer, context)),
  rule(channelV2.MsgAcknowledgement, (m, context) => payloadsMeaning(m.packet.payloads, m.signer, context)),
];
