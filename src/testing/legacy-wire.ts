// The messages of legacy peers: only fields 1 to 7, encoded independently of the product.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A message to a worker. */
export interface LegacyRequest {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
}

/** A message of a worker. */
export interface LegacyWireResponse {
  readonly id: string;
  readonly type: string;
  readonly order: number;
  readonly final: boolean;
  /** The message of the error; empty without an error. */
  readonly error: string;
  readonly payload: string;
}

/** Encodes a message to a worker. */
export function encodeLegacyRequest({ id, type, payload }: LegacyRequest): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(18).string(id).uint32(26).string(type);
  if (payload !== "") writer.uint32(42).bytes(Buffer.from(payload));
  return Buffer.from(writer.finish());
}

/** Encodes a message of a worker. */
export function encodeLegacyResponse({ id, type, order, final, error, payload }: LegacyWireResponse): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(18).string(id).uint32(26).string(type);
  if (order !== 0) writer.uint32(32).int64(order);
  if (final) writer.uint32(40).bool(true);
  if (error !== "") writer.uint32(50).bytes(new BinaryWriter().uint32(10).string(error).finish());
  if (payload !== "") writer.uint32(58).bytes(Buffer.from(payload));
  return Buffer.from(writer.finish());
}

/** Decodes a message to a worker. */
export function decodeLegacyRequest(bytes: Uint8Array): LegacyRequest {
  const fields = readFields(bytes);
  return { id: textOf(fields.get(2)), type: textOf(fields.get(3)), payload: textOf(fields.get(5)) };
}

/** Decodes a message of a worker. */
export function decodeLegacyWireResponse(bytes: Uint8Array): LegacyWireResponse {
  const fields = readFields(bytes);
  const error = fields.get(6);
  return {
    id: textOf(fields.get(2)),
    type: textOf(fields.get(3)),
    order: Number(fields.get(4) ?? 0),
    final: Number(fields.get(5) ?? 0) === 1,
    error: error instanceof Uint8Array ? textOf(readFields(error).get(1)) : "",
    payload: textOf(fields.get(7)),
  };
}

/** Returns the fields by number. Skips the fields that a legacy peer does not know. */
function readFields(bytes: Uint8Array): Map<number, Uint8Array | bigint> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array | bigint>();
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field > 7) reader.skip(wireType, field);
    else if (wireType === WireType.LengthDelimited) fields.set(field, reader.bytes());
    else fields.set(field, BigInt(reader.int64().toString()));
  }
  return fields;
}

function textOf(value: Uint8Array | bigint | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
}
