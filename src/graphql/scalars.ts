// The scalars of the schema: how values are written and read. Imports domain. Never rounds a number.
import { Kind, print, type ValueNode } from "graphql";
import { IndexerError } from "../domain/errors.js";
import { isHeight } from "../domain/height.js";
import { formatTime, parseTime } from "../domain/time.js";
import { builder } from "./builder.js";

function rejectValue(type: string, value: string, allowed: string): never {
  throw new IndexerError("BAD_USER_INPUT", `${type}: ${shorten(value)} is not valid. Use ${allowed}.`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : (JSON.stringify(value) ?? typeof value);
}

function textOf(node: ValueNode, type: string, allowed: string): string {
  return node.kind === Kind.STRING ? node.value : rejectValue(type, print(node), allowed);
}

const heightText = "a whole number from 0 to 2^53-1, for example 9399574";

function readHeight(value: unknown): number {
  const height = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return isHeight(height) ? height : rejectValue("Height", shown(value), heightText);
}

builder.scalarType("Height", {
  description:
    "A whole number from 0 to 2^53-1. Written as a JSON number. Read from a number or a decimal string.",
  serialize: (value) => value,
  parseValue: readHeight,
  parseLiteral: (node) =>
    node.kind === Kind.INT || node.kind === Kind.STRING
      ? readHeight(node.value)
      : rejectValue("Height", print(node), heightText),
});

const bigIntText = `a whole number as a decimal string, for example "123456789012345678901"`;

function readBigInt(text: string): bigint {
  return /^-?\d{1,1000}$/.test(text) ? BigInt(text) : rejectValue("BigInt", `"${text}"`, bigIntText);
}

builder.scalarType("BigInt", {
  description:
    "A whole number of any size. Written as a decimal string. Read from a string or an integer that JSON keeps exactly.",
  serialize: String,
  parseValue: (value) => {
    if (typeof value === "string") return readBigInt(value);
    return typeof value === "number" && Number.isSafeInteger(value)
      ? BigInt(value)
      : rejectValue("BigInt", shown(value), bigIntText);
  },
  parseLiteral: (node) =>
    node.kind === Kind.INT || node.kind === Kind.STRING
      ? readBigInt(node.value)
      : rejectValue("BigInt", print(node), bigIntText),
});

const decimalText = `a decimal number as a string without exponent, for example "12.500"`;

function readDecimal(value: unknown): string {
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)
    ? value
    : rejectValue("Decimal", shown(value), decimalText);
}

builder.scalarType("Decimal", {
  description: "A decimal number of any size and precision. Written as a string, never in exponent form.",
  serialize: (value) => value,
  parseValue: readDecimal,
  parseLiteral: (node) => readDecimal(textOf(node, "Decimal", decimalText)),
});

const timeText = "a time in RFC 3339 with a time zone, for example 2021-03-04T05:06:07Z";

builder.scalarType("DateTime", {
  description:
    "A time in RFC 3339 with a time zone, such as 2021-03-04T05:06:07.123456789Z. Written in UTC. Any other text is BAD_USER_INPUT.",
  serialize: formatTime,
  parseValue: (value) =>
    typeof value === "string" ? parseTime(value) : rejectValue("DateTime", shown(value), timeText),
  parseLiteral: (node) => parseTime(textOf(node, "DateTime", timeText)),
});

const bytesText = "bytes in base64";

function readBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : rejectValue("Bytes", `"${text}"`, bytesText);
}

builder.scalarType("Bytes", {
  description: "Bytes, in base64.",
  serialize: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"),
  parseValue: (value) =>
    typeof value === "string" ? readBytes(value) : rejectValue("Bytes", shown(value), bytesText),
  parseLiteral: (node) => readBytes(textOf(node, "Bytes", bytesText)),
});

builder.scalarType("JSON", { description: "Any JSON value.", serialize: (value) => value });
