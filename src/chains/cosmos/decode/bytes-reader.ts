// Protobuf's reader without copies.
// Imports only cosmjs-types; never knows a message.
import { BinaryReader } from "cosmjs-types/binary";

/** Reads bytes in place, where the library's own reader copies them first, and text at native speed. */
export class BytesReader extends BinaryReader {
  private readonly text: Buffer;

  constructor(bytes: Uint8Array) {
    super();
    this.buf = bytes;
    this.len = bytes.length;
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    this.pos += length;
    this.assertBounds();
    return this.text.toString("utf8", start, this.pos);
  }
}

/** What turns the bytes of one type into a value: cosmjs-types' own codecs, and those of tables. */
export interface Codec<T = object> {
  readonly typeUrl: string;
  decode(reader: BinaryReader): T;
}

/** Decodes a message. */
export function decodeBytes<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.decode(new BytesReader(bytes));
}
