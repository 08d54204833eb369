// Worker to manager, as the worker writes it: typed batches for our managers, single JSON messages for legacy ones.
// Imports only domain, generated code and this folder. A piece is encoded once: to be measured and to be sent.
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { ChainHead } from "../../domain/chain.js";
import type { Outcome, Retry, TaskFailure } from "../../domain/task.js";
import * as wire from "../../generated/proto/indexer.js";
import type { Feature, FinalFrame, PartFrame, Item, PongFrame, WorkerFrame } from "../protocol/frames.js";
import { writeAccountAnswer } from "./account-values.js";
import { writeJsonBlock, writeJsonTransaction } from "./json-values.js";
import { writeJson } from "./json-shapes.js";
import { writeBlock, writeQuarantine, writeTransaction } from "./typed-values.js";

export interface ResponseWriter {
  /** Bytes that a piece takes. */
  measure(piece: Item): number;
  encode(frame: WorkerFrame): Buffer;
}

/** Field 24 of TaskResponse, `items`, length-delimited. */
const itemsTag = (24 << 3) | 2;

const accountTypes = {
  reward: "Reward",
  balance: "AccountBalance",
  delegations: "AccountDelegations",
} as const;

/** Creates the writer of one stream; `features` are those of its manager by now. */
export function createResponseWriter(features: () => readonly Feature[]): ResponseWriter {
  /** Pieces that were measured and not sent yet. */
  const encoded = new WeakMap<Item, Uint8Array>();

  const itemOf = (piece: Item): Uint8Array => {
    let bytes = encoded.get(piece);
    if (bytes === undefined) {
      bytes = wire.Item.encode(features().includes("typed") ? typedItem(piece) : plainItem(piece)).finish();
      encoded.set(piece, bytes);
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
    for (const piece of frame.items) writer.uint32(itemsTag).bytes(itemOf(piece));
    return Buffer.from(writer.finish());
  };

  return {
    measure: (piece) => itemOf(piece).length,
    encode(frame) {
      switch (frame.kind) {
        case "pong":
          return finish(pongMessage(frame));
        case "part":
          return encodePart(frame);
        case "final":
          return finish(finalMessage(frame));
        case "unreadable":
          throw new Error("A frame that could not be read is not sent.");
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

function encodeSingle(message: wire.TaskResponse, piece: Item): Buffer {
  const { type, payload } = plainItem(piece);
  message.type = type;
  message.payload = payload;
  if (piece.kind === "quarantine") {
    message.type = "";
    message.error = wire.TaskError.create({
      msg: piece.error,
      type: "quarantine",
      height: BigInt(piece.height),
    });
  }
  return finish(message);
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

/** An end that is not complete has an error always: legacy managers read nothing else. */
function finalError({ outcome, error }: FinalFrame): wire.TaskError | undefined {
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

function typedItem(piece: Item): wire.Item {
  const empty = { type: "", payload: Buffer.alloc(0) };
  switch (piece.kind) {
    case "block":
      return { ...empty, typed: { $case: "block", value: writeBlock(piece.block) } };
    case "transaction":
      return { ...empty, typed: { $case: "transaction", value: writeTransaction(piece.transaction) } };
    case "quarantine":
      return { ...empty, typed: { $case: "quarantine", value: writeQuarantine(piece) } };
    case "partial":
    case "reward":
    case "balance":
    case "delegations":
      return plainItem(piece);
  }
}

function plainItem(piece: Item): wire.Item {
  const item = (type: string, payload: Buffer): wire.Item => ({ type, payload, typed: undefined });
  switch (piece.kind) {
    case "block":
      return item("Block", writeJsonBlock(piece.block));
    case "transaction":
      return item("Transaction", writeJsonTransaction(piece.transaction));
    case "quarantine":
      return item("", Buffer.from(piece.error));
    case "partial":
      return item(
        "Partial",
        writeJson({ height: piece.height === undefined ? undefined : BigInt(piece.height) }),
      );
    case "reward":
    case "balance":
    case "delegations":
      return item(accountTypes[piece.kind], writeAccountAnswer(piece));
  }
}
