// A protobuf reader that does not copy.
// Imports only cosmjs-types; never knows a message type.
import { BinaryReader } from "cosmjs-types/binary";

/** Reads bytes in place (the library's reader copies them first) and decodes text natively. */
export class BytesReader extends BinaryReader {
  private text: Buffer = Buffer.alloc(0);

  constructor(bytes: Uint8Array) {
    super();
    this.begin(bytes);
  }

  /** Restarts the reader on other bytes. */
  begin(bytes: Uint8Array): this {
    this.buf = bytes;
    this.len = bytes.length;
    this.pos = 0;
    // All parts of a transaction share one ArrayBuffer: reuse its view.
    if (this.text.buffer !== bytes.buffer) this.text = Buffer.from(bytes.buffer);
    return this;
  }

  override uint32(): number {
    const first = this.buf[this.pos] ?? 0x80;
    if (first >= 0x80) return super.uint32();
    this.pos += 1;
    return first;
  }

  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    this.pos += length;
    this.assertBounds();
    const { byteOffset } = this.buf;
    return this.text.toString("utf8", byteOffset + start, byteOffset + this.pos);
  }
}

/** Decodes one message type: a codec of cosmjs-types or of `tableCodec`. */
export interface Codec<T = object> {
  readonly typeUrl: string;
  decode(reader: BinaryReader): T;
}

const reused = new BytesReader(new Uint8Array());

/** Returns the shared reader, valid until the next call: creating one costs more than reading a short message. */
export function sharedReader(bytes: Uint8Array): BytesReader {
  return reused.begin(bytes);
}

/** Decodes a message with the shared reader. Safe because codecs do not decode packed messages, so calls never nest. */
export function decodeBytes<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.decode(sharedReader(bytes));
}
