// Protobuf's reader without copies.
// Imports only cosmjs-types; never knows a message.
import { BinaryReader } from "cosmjs-types/binary";

/** Reads bytes in place, where the library's own reader copies them first, and text at native speed. */
export class BytesReader extends BinaryReader {
  private text: Buffer = Buffer.alloc(0);

  constructor(bytes: Uint8Array) {
    super();
    this.begin(bytes);
  }

  /** Begins anew with other bytes. */
  begin(bytes: Uint8Array): this {
    this.buf = bytes;
    this.len = bytes.length;
    this.pos = 0;
    // The parts of a transaction lie in the same memory: one view of it serves them all.
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

/** What turns the bytes of one type into a value: cosmjs-types' own codecs, and those of tables. */
export interface Codec<T = object> {
  readonly typeUrl: string;
  decode(reader: BinaryReader): T;
}

const reused = new BytesReader(new Uint8Array());

/** A reader that is good until the next one is asked for: to make one costs more than to read a short message. */
export function sharedReader(bytes: Uint8Array): BytesReader {
  return reused.begin(bytes);
}

/** Decodes a message. Codecs leave packed bytes packed, so none decodes while another does. */
export function decodeBytes<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.decode(sharedReader(bytes));
}
