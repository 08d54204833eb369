// Reads a node's JSON field by field; a field that violates the JSON-RPC specification is a MalformedError that names it.
// Imports only lib.
// Never does I/O. Format, including the encoding of numbers: https://ethereum.github.io/execution-apis.
import { isRecord } from "../../lib/is-record.js";

/** A JSON object with unchecked fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Hexadecimal text with the prefix 0x. */
export type Hex = `0x${string}`;

/** Thrown if a node's response violates the JSON-RPC specification. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

const quantityPattern = /^0x[0-9a-fA-F]+$/;
const hexPattern = /^0x[0-9a-fA-F]*$/;
const lowerHexPattern = /^0x[0-9a-f]*$/;

/** Whether a value is hexadecimal text with the prefix 0x. */
export function isHex(value: unknown): value is Hex {
  return typeof value === "string" && hexPattern.test(value);
}

/** Returns the value as an object; `what` names it in the error. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isRecord(value)) throw new MalformedError(`${what} is ${describe(value)}, not an object`);
  return value;
}

/** Returns the value as a list of objects. */
export function fieldsList(value: unknown, what: string): readonly Fields[] {
  return listOf(value, what).map((each, index) => fieldsOf(each, `${what}[${index}]`));
}

/** Returns the value as a list. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedError(`${what} is ${describe(value)}, not a list`);
  return value;
}

/** Returns a field of bytes (a hash, an address, data) in lower case. */
export function hexField(fields: Fields, key: string): Hex {
  const value = fields[key];
  // Nearly all nodes write lower case, which needs no copy.
  if (isLowerHex(value)) return value;
  if (!isHex(value)) throw new MalformedError(`${key} is ${describe(value)}, not hexadecimal`);
  return lower(value);
}

/** Returns a field of bytes in lower case; undefined if it is absent or null. */
export function optionalHex(fields: Fields, key: string): Hex | undefined {
  return isAbsent(fields[key]) ? undefined : hexField(fields, key);
}

/** Returns a list of bytes in lower case; empty if the field is absent or null. */
export function hexList(fields: Fields, key: string): readonly Hex[] {
  const value = fields[key];
  if (isAbsent(value)) return [];
  return listOf(value, key).map((each) => {
    if (!isHex(each)) throw new MalformedError(`${key} contains ${describe(each)}, which is not hexadecimal`);
    return lower(each);
  });
}

/** Returns a whole number of any size. */
export function quantity(fields: Fields, key: string): bigint {
  const value = fields[key];
  if (typeof value !== "string" || !quantityPattern.test(value)) {
    throw new MalformedError(`${key} is ${describe(value)}, not a hexadecimal number`);
  }
  return BigInt(value);
}

/** Returns a whole number of any size; undefined if the field is absent or null. */
export function optionalQuantity(fields: Fields, key: string): bigint | undefined {
  return isAbsent(fields[key]) ? undefined : quantity(fields, key);
}

/** Returns a whole number up to 2^53-1. */
export function count(fields: Fields, key: string): number {
  const value = Number(quantity(fields, key));
  if (!Number.isSafeInteger(value)) throw new MalformedError(`${key} is ${value}, beyond 2^53-1`);
  return value;
}

/** Returns a number in JSON-RPC's encoding. */
export function toHex(value: number): Hex {
  return `0x${value.toString(16)}`;
}

function isLowerHex(value: unknown): value is Hex {
  return typeof value === "string" && lowerHexPattern.test(value);
}

function lower(hex: Hex): Hex {
  return lowerHexPattern.test(hex) ? hex : `0x${hex.slice(2).toLowerCase()}`;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function describe(value: unknown): string {
  return value === undefined ? "absent" : (JSON.stringify(value) ?? typeof value).slice(0, 80);
}
