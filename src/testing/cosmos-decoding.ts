// Decodes single Cosmos messages, for tests of the rules: protobuf by field numbers, and events by type and attributes.
import { BinaryWriter } from "cosmjs-types/binary";
import { buildEvent } from "../chains/cosmos/decode/event-builder.js";
import type { Packed } from "../chains/cosmos/decode/fields.js";
import { decodeMessage } from "../chains/cosmos/decode/messages.js";
import type { NodeEvent } from "../chains/cosmos/decode/node-events.js";
import type { SubEvent } from "../domain/transaction.js";

/** The value of a protobuf field: text, bytes (also a nested message) or a varint. */
export type ProtobufValue = string | Uint8Array | bigint;

/** Encodes a message from its field numbers and values, in this order. */
export function protobuf(
  ...fields: readonly (readonly [number: number, value: ProtobufValue])[]
): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    if (typeof value === "bigint") writer.uint32(number << 3).uint64(value);
    else if (typeof value === "string") writer.uint32((number << 3) | 2).string(value);
    else writer.uint32((number << 3) | 2).bytes(value);
  }
  return writer.finish();
}

/** Creates an event of a node. */
export function nodeEvent(
  type: string,
  ...attributes: readonly (readonly [key: string, value: string])[]
): NodeEvent {
  return { type, attributes: attributes.map(([key, value]) => ({ key, value })) };
}

/** Decodes one message with the events that it emitted. */
export function decodeOne(
  { typeUrl, value }: Packed,
  events: readonly NodeEvent[] = [],
  feeDenom?: string,
): SubEvent {
  return buildEvent(decodeMessage({ typeUrl, value }, { events, feeDenom }).parts);
}
