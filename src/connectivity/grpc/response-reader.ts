// Decodes a worker's messages at the manager.
// Imports only domain, generated code and this folder; never keeps state and never throws.
import type { ChainHead } from "../../domain/chain.js";
import { TaskFailure, type Outcome, type Retry } from "../../domain/task.js";
import type { Transaction } from "../../domain/transaction.js";
import { errorMessage } from "../../lib/error-message.js";
import * as wire from "../../generated/proto/indexer.js";
import type { FinalFrame, PartFrame, Item, WorkerFrame } from "../protocol/frames.js";
import { sizes } from "../protocol/limits.js";
import { readBalance, readDelegations, readReward } from "./account-values.js";
import { readJsonBlock, readJsonTransaction } from "./json-values.js";
import { countOf, readHeight, WireFault } from "./numbers.js";
import { readBlock, readQuarantine, readTransaction, type ChainById } from "./typed-values.js";

/** Decodes a message. An invalid one becomes an `unreadable` frame. */
export function decodeResponse(bytes: Uint8Array, chainById: ChainById): WorkerFrame {
  let message: wire.TaskResponse;
  try {
    message = wire.TaskResponse.decode(bytes);
  } catch (error) {
    return { kind: "unreadable", reason: describeFault(error), permanent: false };
  }
  const { id, lease } = message;
  const whose = { id, ...(lease !== "" && { lease }) };
  if (bytes.length > sizes.message) {
    const reason = `The worker sent a message of ${bytes.length} bytes; at most ${sizes.message} are accepted.`;
    return { kind: "unreadable", ...whose, reason, permanent: true };
  }
  try {
    if (message.type === "PONG") return readPong(message);
    return message.final
      ? readFinal(message, bytes.length, chainById)
      : readPart(message, bytes.length, chainById);
  } catch (error) {
    return { kind: "unreadable", ...whose, reason: describeFault(error), permanent: false };
  }
}

function readPong(message: wire.TaskResponse): WorkerFrame {
  return {
    kind: "pong",
    id: message.id,
    features: message.features,
    draining: message.draining,
    inFlight: message.inflight,
    ...(message.capacity > 0 && { capacity: message.capacity }),
    ...(message.version !== "" && { version: message.version }),
    ...(message.head !== undefined && { head: readHead(message.head) }),
  };
}

function readPart(message: wire.TaskResponse, bytes: number, chainById: ChainById): PartFrame {
  const { id, lease, progress, error } = message;
  return {
    kind: "part",
    id,
    order: countOf(message.order),
    items: error === undefined ? readItems(message, chainById) : [quarantineOf(error)],
    bytes,
    ...(lease !== "" && { lease }),
    ...(message.hasCursor && { cursor: readHeight(message.cursor) }),
    ...(progress !== undefined && {
      progress: { done: countOf(progress.done), total: countOf(progress.total), note: progress.note },
    }),
  };
}

function readFinal(message: wire.TaskResponse, bytes: number, chainById: ChainById): FinalFrame {
  const { id, lease, error, head } = message;
  return {
    kind: "final",
    id,
    order: countOf(message.order),
    items: error === undefined ? readItems(message, chainById) : [],
    outcome: readOutcome(message),
    count: countOf(message.count),
    bytes,
    ...(lease !== "" && { lease }),
    ...(error !== undefined && { error: readError(error) }),
    ...(message.hasCursor && { cursor: readHeight(message.cursor) }),
    ...(head !== undefined && { head: readHead(head) }),
  };
}

function readItems(message: wire.TaskResponse, chainById: ChainById): Item[] {
  const items = message.items.flatMap((item) => readItem(item, chainById));
  const own = readPayload(message.type, message.payload, chainById);
  return own === undefined ? items : [...items, own];
}

function readItem({ type, payload, typed }: wire.Item, chainById: ChainById): Item | readonly Item[] {
  switch (typed?.$case) {
    case "block":
      return { kind: "block", block: readBlock(typed.value, chainById) };
    case "transaction":
      return { kind: "transaction", transaction: readTransaction(typed.value, chainById) };
    case "quarantine":
      return { kind: "quarantine", ...readQuarantine(typed.value) };
    case undefined:
      return readPayload(type, payload, chainById) ?? [];
  }
}

/** Reads the item of a response with one JSON payload; undefined if the type has none. Throws a WireFault. */
export function readPayload(type: string, payload: Uint8Array, chainById: ChainById): Item | undefined {
  switch (type) {
    case "Block":
      return { kind: "block", block: readJsonBlock(payload, chainById) };
    case "Transaction":
      return { kind: "transaction", transaction: readIndexedTransaction(payload, chainById) };
    case "Reward":
      return readReward(payload);
    case "AccountBalance":
      return readBalance(payload);
    case "AccountDelegations":
      return readDelegations(payload);
    case "":
    case "END":
    case "Batch":
    case "Partial":
      return undefined;
    default:
      throw new WireFault(`The response type '${type.slice(0, 60)}' is unknown.`);
  }
}

function readIndexedTransaction(payload: Uint8Array, chainById: ChainById): Transaction {
  const { transaction, hasIndex } = readJsonTransaction(payload, chainById);
  if (hasIndex) return transaction;
  throw new WireFault("The transaction's 'index' is missing: it is the position in the block.");
}

/** Reads the error of a response that is not final: a height that cannot be decoded. Throws a WireFault. */
export function quarantineOf({ msg, height }: wire.TaskError): Item {
  return { kind: "quarantine", height: readHeight(height), error: msg };
}

function readHead({ height, hash, timeNs, earliest, hasEarliest }: wire.Head): ChainHead {
  return {
    height: readHeight(height),
    ...(hasEarliest && { earliest: readHeight(earliest) }),
    ...(hash !== "" && { hash }),
    ...(timeNs !== 0n && { time: timeNs }),
  };
}

/** Without an outcome, an error means failed. */
function readOutcome({ outcome, error }: wire.TaskResponse): Outcome {
  switch (outcome) {
    case wire.Outcome.COMPLETE:
      return error === undefined ? "complete" : "failed";
    case wire.Outcome.FAILED:
      return "failed";
    case wire.Outcome.CANCELLED:
      return "cancelled";
    case wire.Outcome.TRUNCATED:
      return "truncated";
    case wire.Outcome.OUTCOME_UNSPECIFIED:
    case wire.Outcome.UNRECOGNIZED:
      return error === undefined ? "complete" : "failed";
  }
}

/** Reads the error of a final. Throws a WireFault. */
export function readError({ msg, type, code, retry, retryAfterMs, height }: wire.TaskError): TaskFailure {
  return new TaskFailure(msg === "" ? "The worker failed without a reason." : msg, readRetry(retry), {
    ...(type !== "" && { type }),
    ...(code !== 0 && { code }),
    ...(retryAfterMs > 0n && { retryAfterMs: countOf(retryAfterMs) }),
    ...(height > 0n && { height: readHeight(height) }),
  });
}

function readRetry(retry: wire.Retry): Retry {
  switch (retry) {
    case wire.Retry.NEVER:
      return "never";
    case wire.Retry.SAME_WORKER:
      return "same-worker";
    case wire.Retry.OTHER_WORKER:
      return "other-worker";
    case wire.Retry.RETRY_UNSPECIFIED:
    case wire.Retry.UNRECOGNIZED:
      return "other-worker";
  }
}

/** Describes why a message cannot be decoded. */
export function describeFault(error: unknown): string {
  return `A message cannot be decoded: ${errorMessage(error)}`;
}
