// Decodes protobuf by field tables, and finds addresses in bytes of unknown types.
// Imports only cosmjs-types' reader; never knows a message type.
import type { BinaryReader } from "cosmjs-types/binary";
import { Coin } from "cosmjs-types/cosmos/base/v1beta1/coin";
import { Any } from "cosmjs-types/google/protobuf/any";
import { normalizeAddress } from "./addresses.js";
import { BytesReader, sharedReader, type Codec } from "./bytes-reader.js";

type Kind = "string" | "bytes" | "uint" | "int" | "bool" | "coin" | "any" | Shape;

/** A field: its number, its type, and whether it is repeated. */
export type Field = readonly [number: number, kind: Kind, list?: "list"];

/** A message type: its fields by name. */
export interface Shape {
  readonly [name: string]: Field;
}

/** Wire types of protobuf (protobuf.dev, Encoding). */
const varint = 0;
const lengthDelimited = 2;

/** Creates the codec of a type from its table. Unknown fields are skipped. */
export function tableCodec(typeUrl: string, shape: Shape): Codec {
  return { typeUrl, decode: (reader) => readShape(reader, reader.len, shape) };
}

function readShape(reader: BinaryReader, end: number, shape: Shape): Record<string, unknown> {
  const byNumber = new Map(Object.entries(shape).map(([name, field]) => [field[0], { name, field }]));
  const message: Record<string, unknown> = {};
  for (const [name, [, kind, list]] of Object.entries(shape)) message[name] = list ? [] : emptyValue(kind);
  while (reader.pos < end) {
    const { number, wire } = readTag(reader);
    const known = byNumber.get(number);
    if (known === undefined || !wireFits(known.field[1], wire)) {
      reader.skipType(wire);
      continue;
    }
    const value = readValue(reader, known.field[1]);
    const before = message[known.name];
    if (Array.isArray(before)) before.push(value);
    else message[known.name] = value;
  }
  return message;
}

function readTag(reader: BinaryReader): { number: number; wire: number } {
  const [number, wire] = reader.tag();
  return { number, wire };
}

function wireFits(kind: Kind, wire: number): boolean {
  return wire === (kind === "uint" || kind === "int" || kind === "bool" ? varint : lengthDelimited);
}

function emptyValue(kind: Kind): unknown {
  switch (kind) {
    case "string":
      return "";
    case "bytes":
      return new Uint8Array();
    case "uint":
    case "int":
      return 0n;
    case "bool":
      return false;
    default:
      return undefined;
  }
}

function readValue(reader: BinaryReader, kind: Kind): unknown {
  switch (kind) {
    case "string":
      return reader.string();
    case "bytes":
      return reader.bytes();
    case "uint":
      return reader.uint64();
    case "int":
      return reader.int64();
    case "bool":
      return reader.bool();
    case "coin":
      return Coin.decode(reader, reader.uint32());
    case "any":
      return Any.decode(reader, reader.uint32());
    default: {
      const length = reader.uint32();
      return readShape(reader, reader.pos + length, kind);
    }
  }
}

/** Maximum nesting to search in unknown bytes. */
const scanDepth = 6;

/** Returns the distinct addresses in the fields of an unknown message, including nested messages. Never throws. */
export function findAddresses(bytes: Uint8Array, depth = 0): string[] {
  const found: string[] = [];
  const reader = new BytesReader(bytes);
  try {
    while (reader.pos < bytes.length) {
      const { wire } = readTag(reader);
      if (wire !== lengthDelimited) {
        reader.skipType(wire);
        continue;
      }
      const value = reader.bytes();
      const address =
        value.length < 120 ? normalizeAddress(Buffer.from(value).toString("latin1")) : undefined;
      if (address !== undefined) found.push(address);
      else if (depth < scanDepth && value.length > 40) found.push(...findAddresses(value, depth + 1));
    }
  } catch {
    // Not protobuf: keep the addresses found so far.
  }
  return [...new Set(found)];
}

/** Whether bytes are one complete message with only length-delimited fields of the allowed numbers, as the SDK checks a TxRaw. */
export function hasOnlyByteFields(bytes: Uint8Array, allowed: ReadonlySet<number>): boolean {
  const reader = sharedReader(bytes);
  try {
    while (reader.pos < bytes.length) {
      const { number, wire } = readTag(reader);
      if (wire !== lengthDelimited || !allowed.has(number)) return false;
      reader.skip(reader.uint32());
    }
    return reader.pos === bytes.length;
  } catch {
    return false;
  }
}
