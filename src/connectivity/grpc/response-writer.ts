// Encodes a worker's messages. An item is encoded once: the bytes that were measured are sent.
// Imports only domain, generated code and this folder; never sends.
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { ChainHead } from "../../domain/chain.js";
import type { Outcome, Quarantined, Retry, TaskFailure } from "../../domain/task.js";
import * as wire from "../../generated/proto/indexer.js";
import type { Feature, FinalFrame, PartFrame, Item, PongFrame, WorkerFrame } from "../protocol/frames.js";
import { writeAccountResult } from "./account-values.js";
import { writeJsonBlock, writeJsonTransaction } from "./json-values.js";
import { writeBlock, writeQuarantine, writeTransaction } from "./typed-values.js";

/** The encoder of one stream. */
export interface ResponseWriter {
  /** Returns the encoded size of an item, in bytes. */
  measure(item: Item): number;
  encode(frame: WorkerFrame): Buffer;
}

/** Field 24 of TaskResponse, `items`, length-delimited. */
const itemsTag = (24 << 3) | 2;

const accountTypes = {
  reward: "Reward",
  balance: "AccountBalance",
  delegations: "AccountDelegations",
} as const;

/** Creates the encoder of one stream; `features` returns the features of the manager. */
export function createResponseWriter(features: () => readonly Feature[]): ResponseWriter {
  /** Items that were measured and not sent yet. */
  const encoded = new WeakMap<Item, Uint8Array>();

  const itemOf = (item: Item): Uint8Array => {
    let bytes = encoded.get(item);
    if (bytes === undefined) {
      bytes = wire.Item.encode(features().includes("typed") ? typedItem(item) : jsonItem(item)).finish();
      encoded.set(item, bytes);
    }
    return bytes;
  };

  const encodePart = (frame: PartFrame): Buffer => {
    const message = responseOf(frame);
    if (frame.cursor !== undefined) {
      message.hasCursor = true;
      message.cursor = BigInt(frame.cursor);
    }
    const [first] = frame.items;
    if (!features().includes("batch"))
      return first === undefined ? finish(message) : encodeSingle(message, first);
    message.type = "Batch";
    const writer = wire.TaskResponse.encode(message);
    for (const item of frame.items) writer.uint32(itemsTag).bytes(itemOf(item));
    return Buffer.from(writer.finish());
  };

  return {
    measure: (item) => itemOf(item).length,
    encode(frame) {
      switch (frame.kind) {
        case "pong":
          return finish(pongMessage(frame));
        case "part":
          return encodePart(frame);
        case "final":
          return finish(finalMessage(frame));
        case "unreadable":
          throw new Error("An `unreadable` frame cannot be sent.");
      }
    },
  };
}

function responseOf({ id, lease, order }: PartFrame | FinalFrame): wire.TaskResponse {
  return wire.TaskResponse.create({ version: "0.0.1", id, lease: lease ?? "", order: BigInt(order) });
}

function finish(message: wire.TaskResponse): Buffer {
  return Buffer.from(wire.TaskResponse.encode(message, new BinaryWriter()).finish());
}

/** Encodes a response with one JSON payload. */
function encodeSingle(message: wire.TaskResponse, item: Item): Buffer {
  [message.type, message.payload] = jsonPayload(item);
  if (item.kind === "quarantine") message.error = quarantineError(item);
  return finish(message);
}

/** Returns the error that reports a quarantined height in a response without `items`. */
export function quarantineError({ error, height }: Quarantined): wire.TaskError {
  return wire.TaskError.create({ msg: error, type: "quarantine", height: BigInt(height) });
}

function pongMessage(frame: PongFrame): wire.TaskResponse {
  return wire.TaskResponse.create({
    version: frame.version ?? "",
    id: frame.id,
    type: "PONG",
    features: [...frame.features],
    capacity: frame.capacity ?? 0,
    inflight: frame.inFlight ?? 0,
    draining: frame.draining,
    ...(frame.head !== undefined && { head: writeHead(frame.head) }),
  });
}

const outcomes: Readonly<Record<Outcome, wire.Outcome>> = {
  complete: wire.Outcome.COMPLETE,
  failed: wire.Outcome.FAILED,
  cancelled: wire.Outcome.CANCELLED,
  truncated: wire.Outcome.TRUNCATED,
};

function finalMessage(frame: FinalFrame): wire.TaskResponse {
  const message = responseOf(frame);
  message.type = "END";
  message.final = true;
  message.count = BigInt(frame.count ?? 0);
  message.outcome = outcomes[frame.outcome];
  message.error = finalError(frame);
  if (frame.cursor !== undefined) {
    message.hasCursor = true;
    message.cursor = BigInt(frame.cursor);
  }
  if (frame.head !== undefined) message.head = wire.Head.create(writeHead(frame.head));
  return message;
}

/** Returns the error of a final. Every outcome except `complete` has one. */
export function finalError({ outcome, error }: FinalFrame): wire.TaskError | undefined {
  if (error !== undefined) return writeError(error);
  if (outcome === "complete") return undefined;
  return wire.TaskError.create({
    msg: `The task ended ${outcome}.`,
    type: outcome,
    retry: wire.Retry.OTHER_WORKER,
  });
}

const retries: Readonly<Record<Retry, wire.Retry>> = {
  never: wire.Retry.NEVER,
  "same-worker": wire.Retry.SAME_WORKER,
  "other-worker": wire.Retry.OTHER_WORKER,
};

function writeError({ message, retry, details }: TaskFailure): wire.TaskError {
  return wire.TaskError.create({
    msg: message,
    type: details.type ?? "",
    code: details.code ?? 0,
    retry: retries[retry],
    retryAfterMs: BigInt(Math.ceil(details.retryAfterMs ?? 0)),
    height: BigInt(details.height ?? 0),
  });
}

function writeHead({ height, hash, time, earliest }: ChainHead): wire.Head {
  return {
    height: BigInt(height),
    hash: hash ?? "",
    timeNs: time ?? 0n,
    earliest: BigInt(earliest ?? 0),
    hasEarliest: earliest !== undefined,
  };
}

function typedItem(item: Item): wire.Item {
  const empty = { type: "", payload: Buffer.alloc(0) };
  switch (item.kind) {
    case "block":
      return { ...empty, typed: { $case: "block", value: writeBlock(item.block) } };
    case "transaction":
      return { ...empty, typed: { $case: "transaction", value: writeTransaction(item.transaction) } };
    case "quarantine":
      return { ...empty, typed: { $case: "quarantine", value: writeQuarantine(item) } };
    case "reward":
    case "balance":
    case "delegations":
      return jsonItem(item);
  }
}

function jsonItem(item: Item): wire.Item {
  const [type, payload] = jsonPayload(item);
  return { type, payload, typed: undefined };
}

/** Returns the type and the JSON payload of an item; a quarantined height has no type, and its error as the payload. */
export function jsonPayload(item: Item): readonly [type: string, payload: Buffer] {
  switch (item.kind) {
    case "block":
      return ["Block", writeJsonBlock(item.block)];
    case "transaction":
      return ["Transaction", writeJsonTransaction(item.transaction)];
    case "quarantine":
      return ["", Buffer.from(item.error)];
    case "reward":
    case "balance":
    case "delegations":
      return [accountTypes[item.kind], writeAccountResult(item)];
  }
}
