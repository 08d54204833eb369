// Reads one level of RLP, the encoding of Ethereum transactions (Ethereum yellow paper, appendix B).
// Imports nothing; never reads nested lists.

interface Item {
  readonly start: number;
  readonly end: number;
  readonly isList: boolean;
}

/** Returns the items of a list, nested lists as empty bytes; undefined if the bytes are not a valid list. */
export function readRlpList(bytes: Uint8Array): Uint8Array[] | undefined {
  const list = readItem(bytes, 0);
  if (list === undefined || !list.isList) return undefined;
  const items: Uint8Array[] = [];
  for (let at = list.start; at < list.end;) {
    const item = readItem(bytes, at);
    if (item === undefined || item.end > list.end) return undefined;
    items.push(item.isList ? new Uint8Array() : bytes.subarray(item.start, item.end));
    at = item.end;
  }
  return items;
}

function readItem(bytes: Uint8Array, at: number): Item | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at, end: at + 1, isList: false };
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const lengthBytes = Math.max(0, short - 55);
  const start = at + 1 + lengthBytes;
  const length =
    lengthBytes === 0
      ? short
      : Number(`0x${Buffer.from(bytes.subarray(at + 1, start)).toString("hex") || "0"}`);
  const end = start + length;
  return end > bytes.length ? undefined : { start, end, isList };
}
