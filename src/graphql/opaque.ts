// Opaque texts: global ids and cursors are base64url of a JSON array. Imports domain; never trusts what it reads.
import type { ChainRef } from "../domain/chain.js";
import { isHeight, type Height } from "../domain/height.js";
import type { BlockPosition, TransactionPosition } from "../domain/search.js";
import { badInput } from "./input-errors.js";

/** What a global id names. */
export type NodeName =
  | { readonly type: "Chain"; readonly chain: ChainRef }
  | { readonly type: "Block"; readonly chain: ChainRef; readonly hash: string }
  | {
      readonly type: "Transaction";
      readonly chain: ChainRef;
      readonly height: Height;
      readonly index: number;
      readonly hash: string;
    }
  | { readonly type: "Worker"; readonly workerId: string };

function encode(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function decode(text: string): readonly unknown[] | undefined {
  const bytes = Buffer.from(text, "base64url");
  // Buffer skips what is no base64url: only a text that comes back as it went in is one of ours.
  if (bytes.toString("base64url") !== text) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Writes a global id. */
export function writeId(name: NodeName): string {
  switch (name.type) {
    case "Chain":
      return encode(["Chain", name.chain.network, name.chain.chainId]);
    case "Block":
      return encode(["Block", name.chain.network, name.chain.chainId, name.hash]);
    case "Transaction": {
      const { chain, height, index, hash } = name;
      return encode(["Transaction", chain.network, chain.chainId, height, index, hash]);
    }
    case "Worker":
      return encode(["Worker", name.workerId]);
  }
}

/** Reads a global id; one that this service never wrote is BAD_USER_INPUT. */
export function readId(id: string, argument: string): NodeName {
  const name = nameOf(decode(id) ?? []);
  if (name === undefined) {
    throw badInput(
      argument,
      "This id was not written by this service: use the 'id' of an object as it came.",
    );
  }
  return name;
}

function nameOf(parts: readonly unknown[]): NodeName | undefined {
  const [type, first, second, third, fourth, fifth] = parts;
  if (type === "Worker" && parts.length === 2 && isText(first)) return { type, workerId: first };
  if (!isText(first) || !isText(second)) return undefined;
  const chain = { network: first, chainId: second };
  if (type === "Chain" && parts.length === 3) return { type, chain };
  if (type === "Block" && parts.length === 4 && isText(third)) return { type, chain, hash: third };
  if (type === "Transaction" && parts.length === 6 && isHeight(third) && isHeight(fourth) && isText(fifth)) {
    return { type, chain, height: third, index: fourth, hash: fifth };
  }
  return undefined;
}

/** Writes a block's place in its chain as a cursor. */
export function writeBlockCursor({ height }: BlockPosition): string {
  return encode(["b", height]);
}

/** Writes a transaction's place in the order of all as a cursor. */
export function writeTransactionCursor({ height, index, chain }: TransactionPosition): string {
  return encode(["t", height, index, chain.network, chain.chainId]);
}

/** Reads a cursor of blocks. */
export function readBlockCursor(cursor: string, argument: string): BlockPosition {
  const parts = decode(cursor) ?? [];
  const [kind, height] = parts;
  if (kind === "b" && parts.length === 2 && isHeight(height)) return { height };
  throw badCursor(argument);
}

/** Reads a cursor of transactions. */
export function readTransactionCursor(cursor: string, argument: string): TransactionPosition {
  const parts = decode(cursor) ?? [];
  const [kind, height, index, network, chainId] = parts;
  if (
    kind === "t" &&
    parts.length === 5 &&
    isHeight(height) &&
    isHeight(index) &&
    isText(network) &&
    isText(chainId)
  ) {
    return { height, index, chain: { network, chainId } };
  }
  throw badCursor(argument);
}

function badCursor(argument: string): Error {
  return badInput(
    argument,
    `'${argument}' is no cursor of this list: use a 'cursor', 'startCursor' or 'endCursor' as it came.`,
  );
}
