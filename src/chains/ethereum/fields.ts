// Reading a node's JSON field by field: what is not as the JSON-RPC specification has it is a MalformedError that names it.
// Imports nothing of this project. Format: https://ethereum.github.io/execution-apis, hex encoding included.

/** A JSON object whose fields are not looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Hexadecimal with 0x in front. */
export type Hex = `0x${string}`;

/** A node's answer that does not have the form it must have. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

const quantityPattern = /^0x[0-9a-fA-F]+$/;
const hexPattern = /^0x[0-9a-fA-F]*$/;
const lowerHexPattern = /^0x[0-9a-f]*$/;

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is hexadecimal with 0x in front. */
export function isHex(value: unknown): value is Hex {
  return typeof value === "string" && hexPattern.test(value);
}

/** The value as an object. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new MalformedError(`${what} is ${describe(value)}, not an object`);
  return value;
}

/** A list of objects. */
export function fieldsList(value: unknown, what: string): readonly Fields[] {
  return listOf(value, what).map((each, index) => fieldsOf(each, `${what}[${index}]`));
}

/** The value as a list. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedError(`${what} is ${describe(value)}, not a list`);
  return value;
}

/** Bytes in lower case: a hash, an address, data. */
export function hexField(fields: Fields, key: string): Hex {
  const value = fields[key];
  // Nearly all nodes write lower case: then nothing has to be copied.
  if (isLowerHex(value)) return value;
  if (!isHex(value)) throw new MalformedError(`${key} is ${describe(value)}, not hexadecimal`);
  return lower(value);
}

/** Bytes in lower case; nothing where the field is absent or null. */
export function optionalHex(fields: Fields, key: string): Hex | undefined {
  return isAbsent(fields[key]) ? undefined : hexField(fields, key);
}

/** A list of bytes in lower case; empty where the field is absent or null. */
export function hexList(fields: Fields, key: string): readonly Hex[] {
  const value = fields[key];
  if (isAbsent(value)) return [];
  return listOf(value, key).map((each) => {
    if (!isHex(each)) throw new MalformedError(`${key} holds ${describe(each)}, which is not hexadecimal`);
    return lower(each);
  });
}

/** A whole number of any size. */
export function quantity(fields: Fields, key: string): bigint {
  const value = fields[key];
  if (typeof value !== "string" || !quantityPattern.test(value)) {
    throw new MalformedError(`${key} is ${describe(value)}, not a hexadecimal number`);
  }
  return BigInt(value);
}

/** A whole number of any size; nothing where the field is absent or null. */
export function optionalQuantity(fields: Fields, key: string): bigint | undefined {
  return isAbsent(fields[key]) ? undefined : quantity(fields, key);
}

/** A whole number up to 2^53-1. */
export function count(fields: Fields, key: string): number {
  const value = Number(quantity(fields, key));
  if (!Number.isSafeInteger(value)) throw new MalformedError(`${key} is ${value}, beyond 2^53-1`);
  return value;
}

/** A number as JSON-RPC writes it. */
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
