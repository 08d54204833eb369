// Blocks and results out of the JSON of a CometBFT or Tendermint RPC, every version from 0.34 on.
// Imports only domain and decode/; never does I/O. What is not there as it must be throws MalformedAnswer.
import { parseTime } from "../../domain/time.js";
import { isBase64Encoded, readJsonEvents, type JsonEvent, type NodeEvent } from "./decode/node-events.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";

/** An answer of a node that is not what its protocol says. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedAnswer";
}

/** A JSON object whose fields are looked at one by one. */
export type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object in a field. */
export function objectField(value: unknown, field: string): JsonObject {
  const inner = isObject(value) ? value[field] : undefined;
  if (!isObject(inner)) throw new MalformedResponse(`The node's answer has no object '${field}'.`);
  return inner;
}

/** The text in a field; empty where it is null or left out. */
export function textField(value: JsonObject, field: string): string {
  const inner = value[field];
  if (inner === undefined || inner === null) return "";
  if (typeof inner === "string") return inner;
  if (typeof inner === "number") return String(inner);
  throw new MalformedResponse(`The node's answer has no text '${field}'.`);
}

/** The list in a field; empty where it is null or left out. */
export function listField(value: JsonObject, field: string): readonly unknown[] {
  const inner = value[field];
  if (inner === undefined || inner === null) return [];
  if (Array.isArray(inner)) return inner;
  throw new MalformedResponse(`The node's answer has no list '${field}'.`);
}

/** The height in a field, which nodes write as a decimal text. */
export function heightField(value: JsonObject, field: string): number {
  const height = Number(textField(value, field));
  if (!Number.isSafeInteger(height) || height < 0)
    throw new MalformedResponse(`The node's answer has no height '${field}'.`);
  return height;
}

/** The whole number in a field, which nodes write as a number or as a decimal text; 0 where it is left out. */
function integerField(value: JsonObject, field: string): bigint {
  const text = textField(value, field) || "0";
  if (!/^-?\d+$/.test(text)) throw new MalformedResponse(`The node's answer has no whole number '${field}'.`);
  return BigInt(text);
}

/** The result of `block`. */
export function blockFromRpc(answer: unknown): RawCosmosBlock {
  const hash = textField(objectField(answer, "block_id"), "hash");
  const block = objectField(answer, "block");
  const header = objectField(block, "header");
  if (hash === "") throw new MalformedResponse("The node's block has no hash.");
  const parentHash = isObject(header["last_block_id"]) ? textField(header["last_block_id"], "hash") : "";
  const proposer = textField(header, "proposer_address");
  const transactions = listField(isObject(block["data"]) ? block["data"] : {}, "txs").map((bytes) => {
    if (typeof bytes !== "string")
      throw new MalformedResponse("The node's block holds a transaction that is no text.");
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

/** The transactions' results of `block_results`, and the height they are of. */
export function resultsFromRpc(answer: unknown): {
  readonly height: number;
  readonly results: RawCosmosResult[];
} {
  if (!isObject(answer)) throw new MalformedResponse("The node's answer is no object.");
  const entries = listField(answer, "txs_results").map((entry) => {
    if (!isObject(entry)) throw new MalformedResponse("The node's results hold one that is no object.");
    return entry;
  });
  // `finalize_block_events` came with CometBFT 0.38, which writes attributes plainly; before, the answer must be looked at.
  const encoded = !("finalize_block_events" in answer) && isBase64Encoded(entries.flatMap(eventsOf));
  return {
    height: heightField(answer, "height"),
    results: entries.map((entry) => new JsonResult(entry, encoded)),
  };
}

function eventsOf(result: JsonObject): readonly JsonEvent[] {
  return listField(result, "events").filter(isEvent);
}

function isEvent(value: unknown): value is JsonEvent {
  return isObject(value) && (value["attributes"] === null || Array.isArray(value["attributes"] ?? []));
}

/** A result as JSON has it. A class, since the engine keeps what a getter of an object literal sees long after the object is gone. */
class JsonResult implements RawCosmosResult {
  readonly code: number;
  readonly codespace: string;
  readonly log: string;
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly #entry: JsonObject;
  readonly #encoded: boolean;
  #events: readonly NodeEvent[] | undefined;

  /** `encoded` says that the events are in base64. */
  constructor(entry: JsonObject, encoded: boolean) {
    this.code = Number(integerField(entry, "code"));
    this.codespace = textField(entry, "codespace");
    this.log = textField(entry, "log");
    this.gasWanted = integerField(entry, "gas_wanted");
    this.gasUsed = integerField(entry, "gas_used");
    // Looked at here, so that what is no list is found while the node can still be asked again.
    listField(entry, "events");
    this.#entry = entry;
    this.#encoded = encoded;
  }

  /** Read when they are asked for: most transactions never need them, and to decode all attributes is the larger part of the work. */
  get events(): readonly NodeEvent[] {
    return (this.#events ??= readJsonEvents(eventsOf(this.#entry), this.#encoded));
  }
}
