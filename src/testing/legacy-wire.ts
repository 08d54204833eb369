// The messages as legacy peers have them: fields 1 to 7 and nothing else, coded apart from the product's code.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export interface LegacyRequest {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
}

export interface LegacyResponse {
  readonly id: string;
  readonly type: string;
  readonly order: number;
  readonly final: boolean;
  /** Message of the error; empty where there is none. */
  readonly error: string;
  readonly payload: string;
}

export function encodeLegacyRequest({ id, type, payload }: LegacyRequest): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(18).string(id).uint32(26).string(type);
  if (payload !== "") writer.uint32(42).bytes(Buffer.from(payload));
  return Buffer.from(writer.finish());
}

export function encodeLegacyResponse({ id, type, order, final, error, payload }: LegacyResponse): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(18).string(id).uint32(26).string(type);
  if (order !== 0) writer.uint32(32).int64(order);
  if (final) writer.uint32(40).bool(true);
  if (error !== "") writer.uint32(50).bytes(new BinaryWriter().uint32(10).string(error).finish());
  if (payload !== "") writer.uint32(58).bytes(Buffer.from(payload));
  return Buffer.from(writer.finish());
}

export function decodeLegacyRequest(bytes: Uint8Array): LegacyRequest {
  const fields = readFields(bytes);
  return { id: textOf(fields.get(2)), type: textOf(fields.get(3)), payload: textOf(fields.get(5)) };
}

export function decodeLegacyResponse(bytes: Uint8Array): LegacyResponse {
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

/** Fields by number; what a legacy peer does not know is skipped, as any protobuf implementation does. */
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
