// Reads blocks and results from the JSON of a CometBFT or Tendermint RPC, version 0.34 and later.
// Imports only domain, lib and decode/; never does I/O. What is not there as it must be throws MalformedAnswer.
import { parseTime } from "../../domain/time.js";
import { isRecord } from "../../lib/is-record.js";
import { isBase64Encoded, readJsonEvents, type JsonEvent, type NodeEvent } from "./decode/node-events.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";

/** Thrown if a node's response violates its protocol. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedAnswer";
}

/** A JSON object with unchecked fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Returns the object in a field. */
export function objectField(value: unknown, field: string): JsonObject {
  const inner = isRecord(value) ? value[field] : undefined;
  if (!isRecord(inner)) throw new MalformedResponse(`The node's response has no object '${field}'.`);
  return inner;
}

/** Returns the text in a field; empty if the field is null or absent. */
export function textField(value: JsonObject, field: string): string {
  const inner = value[field];
  if (inner === undefined || inner === null) return "";
  if (typeof inner === "string") return inner;
  if (typeof inner === "number") return String(inner);
  throw new MalformedResponse(`The node's response has no text '${field}'.`);
}

/** Returns the list in a field; empty if the field is null or absent. */
export function listField(value: JsonObject, field: string): readonly unknown[] {
  const inner = value[field];
  if (inner === undefined || inner === null) return [];
  if (Array.isArray(inner)) return inner;
  throw new MalformedResponse(`The node's response has no list '${field}'.`);
}

/** Returns the height in a field, which nodes write as a decimal string. */
export function heightField(value: JsonObject, field: string): number {
  const height = Number(textField(value, field));
  if (!Number.isSafeInteger(height) || height < 0)
    throw new MalformedResponse(`The node's response has no height '${field}'.`);
  return height;
}

/** Returns the integer in a field, which nodes write as a number or a decimal string; 0 if the field is absent. */
function integerField(value: JsonObject, field: string): bigint {
  const text = textField(value, field) || "0";
  if (!/^-?\d+$/.test(text)) throw new MalformedResponse(`The node's response has no integer '${field}'.`);
  return BigInt(text);
}

/** Reads the result of the method `block`. */
export function blockFromRpc(response: unknown): RawCosmosBlock {
  const hash = textField(objectField(response, "block_id"), "hash");
  const block = objectField(response, "block");
  const header = objectField(block, "header");
  if (hash === "") throw new MalformedResponse("The node's block has no hash.");
  const parentHash = isRecord(header["last_block_id"]) ? textField(header["last_block_id"], "hash") : "";
  const proposer = textField(header, "proposer_address");
  const transactions = listField(isRecord(block["data"]) ? block["data"] : {}, "txs").map((bytes) => {
    if (typeof bytes !== "string")
      throw new MalformedResponse("The node's block contains a transaction that is not a string.");
    const { buffer, byteOffset, length } = Buffer.from(bytes, "base64");
    return new Uint8Array(buffer, byteOffset, length);
  });
  return {
    chainId: textField(header, "chain_id"),
    height: heightField(header, "height"),
    hash: hash.toUpperCase(),
    time: parseTime(textField(header, "time")),
    transactions,
    ...(parentHash !== "" && { parentHash: parentHash.toUpperCase() }),
    ...(proposer !== "" && { proposer: proposer.toUpperCase() }),
  };
}

/** Reads the result of the method `block_results`: its height and the results of the transactions. */
export function resultsFromRpc(response: unknown): {
  readonly height: number;
  readonly results: RawCosmosResult[];
} {
  if (!isRecord(response)) throw new MalformedResponse("The node's response is not an object.");
  const entries = listField(response, "txs_results").map((entry) => {
    if (!isRecord(entry))
      throw new MalformedResponse("The node's response has a transaction result that is not an object.");
    return entry;
  });
  // CometBFT 0.38 and later (with `finalize_block_events`) write plain attributes; older responses need a check of their keys.
  const encoded = !("finalize_block_events" in response) && isBase64Encoded(entries.flatMap(eventsOf));
  return {
    height: heightField(response, "height"),
    results: entries.map((entry) => new JsonResult(entry, encoded)),
  };
}

function eventsOf(result: JsonObject): readonly JsonEvent[] {
  return listField(result, "events").filter(isEvent);
}

function isEvent(value: unknown): value is JsonEvent {
  return isRecord(value) && (value["attributes"] === null || Array.isArray(value["attributes"] ?? []));
}

/** A result in JSON. A class, since a getter in an object literal would retain its whole scope in memory. */
class JsonResult implements RawCosmosResult {
  readonly code: number;
  readonly codespace: string;
  readonly log: string;
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly #entry: JsonObject;
  readonly #encoded: boolean;
  #events: readonly NodeEvent[] | undefined;

  /** `encoded`: whether the events' attributes are in base64. */
  constructor(entry: JsonObject, encoded: boolean) {
    this.code = Number(integerField(entry, "code"));
    this.codespace = textField(entry, "codespace");
    this.log = textField(entry, "log");
    this.gasWanted = integerField(entry, "gas_wanted");
    this.gasUsed = integerField(entry, "gas_used");
    // Checked here, while the caller can still retry a malformed response.
    listField(entry, "events");
    this.#entry = entry;
    this.#encoded = encoded;
  }

  /** Decoded on first access: most transactions do not need them, and decoding all attributes is most of the work. */
  get events(): readonly NodeEvent[] {
    return (this.#events ??= readJsonEvents(eventsOf(this.#entry), this.#encoded));
  }
}
