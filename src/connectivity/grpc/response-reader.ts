// Worker to manager, as the manager reads it: TaskResponse messages of our peers and of legacy ones.
// Imports only domain, generated code and this folder; never keeps state and never throws.
import type { ChainHead } from "../../domain/chain.js";
import { TaskFailure, type Outcome, type Retry } from "../../domain/task.js";
import * as wire from "../../generated/proto/indexer.js";
import type { FinalFrame, PartFrame, Item, WorkerFrame } from "../protocol/frames.js";
import { sizes } from "../protocol/limits.js";
import { readBalance, readDelegations, readReward } from "./account-values.js";
import { readJsonBlock, readJsonTransaction } from "./json-values.js";
import { partialShape, readJson } from "./json-shapes.js";
import { countOf, heightOf, WireFault } from "./numbers.js";
import { readBlock, readQuarantine, readTransaction, type ChainById } from "./typed-values.js";

/** Decodes a message. */
export function decodeResponse(bytes: Uint8Array, chainOf: ChainById): WorkerFrame {
  let message: wire.TaskResponse;
  try {
    message = wire.TaskResponse.decode(bytes);
  } catch (error) {
    return { kind: "unreadable", reason: reasonOf(error), hopeless: false };
  }
  const { id, lease } = message;
  const whose = { id, ...(lease !== "" && { lease }) };
  if (bytes.length > sizes.message) {
    const reason = `The worker sent a message of ${bytes.length} bytes; at most ${sizes.message} are taken.`;
    return { kind: "unreadable", ...whose, reason, hopeless: true };
  }
  try {
    if (message.type === "PONG") return readPong(message);
    return message.final
      ? readFinal(message, bytes.length, chainOf)
      : readPart(message, bytes.length, chainOf);
  } catch (error) {
    return { kind: "unreadable", ...whose, reason: reasonOf(error), hopeless: false };
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

function readPart(message: wire.TaskResponse, bytes: number, chainOf: ChainById): PartFrame {
  const { id, lease, progress, error } = message;
  return {
    kind: "part",
    id,
    order: countOf(message.order),
    items: error === undefined ? readPieces(message, chainOf) : [quarantineOf(error)],
    bytes,
    ...(lease !== "" && { lease }),
    ...(message.hasCursor && { cursor: heightOf(message.cursor) }),
    ...(progress !== undefined && {
      progress: { done: countOf(progress.done), total: countOf(progress.total), note: progress.note },
    }),
  };
}

function readFinal(message: wire.TaskResponse, bytes: number, chainOf: ChainById): FinalFrame {
  const { id, lease, error, head } = message;
  return {
    kind: "final",
    id,
    order: countOf(message.order),
    items: error === undefined ? readPieces(message, chainOf) : [],
    outcome: readOutcome(message),
    count: countOf(message.count),
    bytes,
    ...(lease !== "" && { lease }),
    ...(error !== undefined && { error: readError(error) }),
    ...(message.hasCursor && { cursor: heightOf(message.cursor) }),
    ...(head !== undefined && { head: readHead(head) }),
  };
}

function readPieces(message: wire.TaskResponse, chainOf: ChainById): Item[] {
  const pieces = message.items.flatMap((item) => readItem(item, chainOf));
  const own = readPayload(message.type, message.payload, chainOf);
  return own === undefined ? pieces : [...pieces, own];
}

function readItem({ type, payload, typed }: wire.Item, chainOf: ChainById): Item | readonly Item[] {
  switch (typed?.$case) {
    case "block":
      return { kind: "block", block: readBlock(typed.value, chainOf) };
    case "transaction":
      return { kind: "transaction", transaction: readTransaction(typed.value, chainOf) };
    case "quarantine":
      return { kind: "quarantine", ...readQuarantine(typed.value) };
    case undefined:
      return readPayload(type, payload, chainOf) ?? [];
  }
}

function readPayload(type: string, payload: Uint8Array, chainOf: ChainById): Item | undefined {
  switch (type) {
    case "Block":
      return { kind: "block", block: readJsonBlock(payload, chainOf) };
    case "Transaction":
      return { kind: "transaction", ...readJsonTransaction(payload, chainOf) };
    case "Partial":
      return { kind: "partial", ...readPartial(payload) };
    case "Reward":
      return readReward(payload);
    case "AccountBalance":
      return readBalance(payload);
    case "AccountDelegations":
      return readDelegations(payload);
    case "":
    case "END":
    case "Batch":
      return undefined;
    default:
      throw new WireFault(`There is no response type '${type.slice(0, 60)}'.`);
  }
}

/** What a legacy worker puts in here differs; only a height in it is of use. */
function readPartial(payload: Uint8Array): { readonly height?: number } {
  try {
    const { height } = readJson(payload, partialShape);
    return height === undefined ? {} : { height: heightOf(height) };
  } catch {
    return {};
  }
}

function quarantineOf({ msg, height }: wire.TaskError): Item {
  return { kind: "quarantine", height: heightOf(height), error: msg };
}

function readHead({ height, hash, timeNs, earliest, hasEarliest }: wire.Head): ChainHead {
  return {
    height: heightOf(height),
    ...(hasEarliest && { earliest: heightOf(earliest) }),
    ...(hash !== "" && { hash }),
    ...(timeNs !== 0n && { time: timeNs }),
  };
}

/** Legacy peers name no outcome: an error means failed. */
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

function readError({ msg, type, code, retry, retryAfterMs, height }: wire.TaskError): TaskFailure {
  return new TaskFailure(msg === "" ? "The worker failed without a reason." : msg, readRetry(retry, msg), {
    ...(type !== "" && { type }),
    ...(code !== 0 && { code }),
    ...(retryAfterMs > 0n && { retryAfterMs: countOf(retryAfterMs) }),
    ...(height > 0n && { height: heightOf(height) }),
  });
}

/** What legacy workers say of a request that no other would answer either. */
const legacyRefusals: readonly RegExp[] = [
  /^there is no such handler/i,
  /^cannot unmarshal/i,
  /^end height is zero/i,
];

function readRetry(retry: wire.Retry, message: string): Retry {
  switch (retry) {
    case wire.Retry.NEVER:
      return "never";
    case wire.Retry.SAME_WORKER:
      return "same-worker";
    case wire.Retry.OTHER_WORKER:
      return "other-worker";
    case wire.Retry.RETRY_UNSPECIFIED:
    case wire.Retry.UNRECOGNIZED:
      return legacyRefusals.some((each) => each.test(message)) ? "never" : "other-worker";
  }
}

function reasonOf(error: unknown): string {
  return `A message could not be read: ${error instanceof Error ? error.message : String(error)}`;
}
