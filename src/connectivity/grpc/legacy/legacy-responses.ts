// Decodes the messages of a worker of protocol version 0: one JSON item a message, no lease, no count, no features.
// Imports only domain, generated code, connectivity/protocol and connectivity/grpc; never keeps state and never throws.
import { TaskFailure } from "../../../domain/task.js";
import * as wire from "../../../generated/proto/indexer.js";
import type { Item } from "../../protocol/frames.js";
import { sizes } from "../../protocol/limits.js";
import { readJsonTransaction } from "../json-values.js";
import { describeFault, quarantineOf, readError, readPayload } from "../response-reader.js";
import type { ChainById } from "../typed-values.js";

/** An item, and whether a transaction names its position in the block. */
export interface LegacyItem {
  readonly item: Item;
  readonly hasIndex: boolean;
}

/** A decoded message. */
export type LegacyResponse =
  | { readonly kind: "pong"; readonly id: string }
  /** `item` is undefined for a `Partial`. */
  | { readonly kind: "item"; readonly id: string; readonly item: LegacyItem | undefined }
  | {
      readonly kind: "final";
      readonly id: string;
      readonly item: LegacyItem | undefined;
      readonly failure: TaskFailure | undefined;
    }
  /** `permanent` is true if another worker would send the same. */
  | {
      readonly kind: "unreadable";
      readonly id: string;
      readonly reason: string;
      readonly permanent: boolean;
    };

/** Decodes a message. */
export function decodeLegacyResponse(bytes: Uint8Array, chainById: ChainById): LegacyResponse {
  let id = "";
  try {
    const message = wire.TaskResponse.decode(bytes);
    id = message.id;
    if (bytes.length > sizes.message) {
      const reason = `The worker sent a message of ${bytes.length} bytes; at most ${sizes.message} are accepted.`;
      return { kind: "unreadable", id, reason, permanent: true };
    }
    if (message.type === "PONG") return { kind: "pong", id };
    const { error, final } = message;
    if (final || (error !== undefined && error.height === 0n)) {
      const failure = error === undefined ? undefined : failureOf(error);
      if (final)
        return {
          kind: "final",
          id,
          failure,
          item: failure === undefined ? readItem(message, chainById) : undefined,
        };
      return {
        kind: "unreadable",
        id,
        reason: failure?.message ?? "",
        permanent: failure?.retry === "never",
      };
    }
    if (error !== undefined) return { kind: "item", id, item: { item: quarantineOf(error), hasIndex: true } };
    return { kind: "item", id, item: readItem(message, chainById) };
  } catch (error) {
    return { kind: "unreadable", id, reason: describeFault(error), permanent: false };
  }
}

function readItem({ type, payload }: wire.TaskResponse, chainById: ChainById): LegacyItem | undefined {
  if (type === "Transaction") {
    const { transaction, hasIndex } = readJsonTransaction(payload, chainById);
    return { item: { kind: "transaction", transaction }, hasIndex };
  }
  const item = readPayload(type, payload, chainById);
  return item === undefined ? undefined : { item, hasIndex: true };
}

/** Messages of failures that every worker would repeat. */
const permanentFailures: readonly RegExp[] = [
  /^there is no such handler/i,
  /^cannot unmarshal/i,
  /^end height is zero/i,
];

function failureOf(error: wire.TaskError): TaskFailure {
  const failure = readError(error);
  if (!permanentFailures.some((each) => each.test(failure.message))) return failure;
  return new TaskFailure(failure.message, "never", failure.details);
}
