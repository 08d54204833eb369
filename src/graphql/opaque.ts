// Opaque texts: global ids and cursors are base64url of a JSON array. Imports domain. Never trusts the text that it reads.
import { z } from "zod";
import { isHeight } from "../domain/height.js";
import type { RunPosition } from "../domain/run.js";
import type { BlockPosition, TransactionPosition } from "../domain/search.js";
import { badInput } from "./input-errors.js";

const text = z.string();
const count = z.custom<number>(isHeight);

/** The keys inside global ids, by type name. Each key is a JSON array that names one object of the type. */
export const nodeKeys = {
  Chain: z.tuple([text, text]).transform(([network, chainId]) => ({ network, chainId })),
  Block: z
    .tuple([text, text, text])
    .transform(([network, chainId, hash]) => ({ chain: { network, chainId }, hash })),
  Transaction: z
    .tuple([text, text, count, count, text])
    .transform(([network, chainId, height, index, hash]) => ({
      chain: { network, chainId },
      height,
      index,
      hash,
    })),
  Run: z.tuple([text]).transform(([id]) => ({ id })),
  Schedule: z.tuple([text]).transform(([id]) => ({ id })),
  Worker: z.tuple([text]).transform(([workerId]) => ({ workerId })),
};

function isNodeType(name: unknown): name is keyof typeof nodeKeys {
  return typeof name === "string" && Object.hasOwn(nodeKeys, name);
}

function encode(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function decode(encoded: string): readonly unknown[] {
  const bytes = Buffer.from(encoded, "base64url");
  // Buffer skips characters outside of base64url, so only a text that encodes to itself is valid.
  if (bytes.toString("base64url") !== encoded) return [];
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** Writes a global id: base64url of the key's JSON array with the type name in front. */
export function encodeGlobalId(typename: string, key: string | number | bigint): string {
  return Buffer.from(`["${typename}",${String(key).slice(1)}`).toString("base64url");
}

/** Reads a global id into its type name and key. The type name is empty if this service did not write the id. */
export function decodeGlobalId(id: string): { typename: string; id: string } {
  const [typename, ...key] = decode(id);
  return isNodeType(typename) && nodeKeys[typename].safeParse(key).success
    ? { typename, id: JSON.stringify(key) }
    : { typename: "", id: "" };
}

/** Throws BAD_USER_INPUT if `decodeGlobalId` did not recognise the id. */
export function requireKnownId({ typename }: { readonly typename: string }, argument: string): void {
  if (typename !== "") return;
  throw badInput(
    argument,
    `${argument}: not an id of this service. Use the 'id' of an object as it was returned.`,
  );
}

/** Writes the position of a block in its chain as a cursor. */
export function writeBlockCursor({ height }: BlockPosition): string {
  return encode(["b", height]);
}

/** Writes the position of a transaction in the total order as a cursor. */
export function writeTransactionCursor({ height, index, chain }: TransactionPosition): string {
  return encode(["t", height, index, chain.network, chain.chainId]);
}

/** Writes the position of a run in the order of creation as a cursor. */
export function writeRunCursor({ id }: RunPosition): string {
  return encode(["r", id]);
}

const blockCursor = z.tuple([z.literal("b"), count]);
const transactionCursor = z.tuple([z.literal("t"), count, count, text, text]);

/** Reads a cursor of blocks. Throws BAD_USER_INPUT if this service did not write it. */
export function readBlockCursor(cursor: string, argument: string): BlockPosition {
  const [, height] = readCursor(blockCursor, cursor, argument);
  return { height };
}

/** Reads a cursor of transactions. Throws BAD_USER_INPUT if this service did not write it. */
export function readTransactionCursor(cursor: string, argument: string): TransactionPosition {
  const [, height, index, network, chainId] = readCursor(transactionCursor, cursor, argument);
  return { height, index, chain: { network, chainId } };
}

const runCursor = z.tuple([z.literal("r"), z.string().regex(/^\d{1,18}$/)]);

/** Reads a cursor of runs. Throws BAD_USER_INPUT if this service did not write it. */
export function readRunCursor(cursor: string, argument: string): RunPosition {
  const [, id] = readCursor(runCursor, cursor, argument);
  return { id };
}

function readCursor<T>(shape: z.ZodType<T>, cursor: string, argument: string): T {
  const { data } = shape.safeParse(decode(cursor));
  if (data !== undefined) return data;
  throw badInput(
    argument,
    `${argument}: not a cursor of this list. Use a 'cursor', 'startCursor' or 'endCursor' as it was returned.`,
  );
}
