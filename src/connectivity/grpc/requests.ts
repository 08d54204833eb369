// Manager to worker: frames as TaskRequest messages, both ways; payloads are the JSON that legacy peers know.
// Imports only domain, generated code and this folder; never keeps state.
import type { ChainRef } from "../../domain/chain.js";
import { heightRange } from "../../domain/height.js";
import { TaskFailure, type LastKnownBlock, type TaskRequest } from "../../domain/task.js";
import * as wire from "../../generated/proto/indexer.js";
import type { ManagerFrame, TaskFrame } from "../protocol/frames.js";
import {
  accountRequestShape,
  latestRequestShape,
  readJson,
  transactionsRequestShape,
  writeJson,
} from "./json-shapes.js";
import { countOf, heightOf, WireFault } from "./numbers.js";

const protocolVersion = "0.0.1";
/** Heights of one answer to a legacy manager's GetLatest, which names no limit. */
const legacyLatest = 1_000;

const accountTypes = {
  reward: "GetReward",
  balance: "GetAccountBalance",
  delegations: "GetAccountDelegations",
} as const;

/** Encodes a frame. */
export function encodeRequest(frame: ManagerFrame): Buffer {
  const message = wire.TaskRequest.create({ version: protocolVersion, id: frame.id, from: "manager" });
  switch (frame.kind) {
    case "ping":
      message.type = "PING";
      message.features = [...frame.features];
      message.maxMessageBytes = frame.maxMessageBytes;
      break;
    case "credit":
      message.type = "CREDIT";
      message.lease = frame.lease;
      message.credit = frame.credit;
      break;
    case "cancel":
      message.type = "CANCEL";
      message.lease = frame.lease;
      break;
    case "task":
      writeTask(message, frame);
      break;
    case "unreadable":
      throw new Error("A frame that could not be read is not sent.");
  }
  return Buffer.from(wire.TaskRequest.encode(message).finish());
}

function writeTask(message: wire.TaskRequest, frame: TaskFrame): void {
  message.lease = frame.lease;
  message.attempt = frame.attempt;
  message.credit = frame.credit;
  message.timeoutMs = BigInt(Math.ceil(frame.timeoutMs));
  message.maxMessageBytes = frame.maxMessageBytes;
  message.traceparent = frame.traceparent ?? "";
  if (frame.resumeAfter !== undefined) {
    message.resume = true;
    message.resumeAfter = BigInt(frame.resumeAfter);
  }
  [message.type, message.payload] = writePayload(frame.request);
}

function writePayload(request: TaskRequest): [type: string, payload: Buffer] {
  const { network, chainId } = request.chain;
  const chain = { ChainID: chainId, Network: network };
  switch (request.kind) {
    case "heights": {
      const [from, to] = [BigInt(request.range.from), BigInt(request.range.to)];
      return ["GetTransactions", writeJson({ StartHeight: from, EndHeight: to, ...chain })];
    }
    case "transaction":
      return ["GetTransactions", writeJson({ Hash: request.hash, ...chain })];
    case "latest":
      return [
        "GetLatest",
        writeJson({
          network,
          chain_id: chainId,
          version: protocolVersion,
          lastHash: request.after?.hash,
          lastHeight: request.after === undefined ? undefined : BigInt(request.after.height),
          // Unknown to legacy workers, which have a limit of their own.
          limit: BigInt(request.limit),
        }),
      ];
    case "reward":
    case "balance":
    case "delegations": {
      const { kind, account, height } = request;
      return [accountTypes[kind], writeJson({ Height: BigInt(height), Account: account, ...chain })];
    }
  }
}

/** Decodes a message to a worker of `chain`; nothing where it is no message at all. */
export function decodeRequest(
  bytes: Uint8Array,
  peer: { readonly chain: ChainRef; readonly legacy: boolean },
): ManagerFrame | undefined {
  let message: wire.TaskRequest;
  try {
    message = wire.TaskRequest.decode(bytes);
  } catch {
    return undefined;
  }
  const { id, lease } = message;
  switch (message.type) {
    case "PING":
      return { kind: "ping", id, features: message.features, maxMessageBytes: message.maxMessageBytes };
    case "CREDIT":
      return { kind: "credit", id, lease, credit: message.credit };
    case "CANCEL":
      return { kind: "cancel", id, lease };
    default:
      return decodeTask(message, peer);
  }
}

function decodeTask(
  message: wire.TaskRequest,
  peer: { readonly chain: ChainRef; readonly legacy: boolean },
): ManagerFrame {
  const { id, lease } = message;
  try {
    return {
      kind: "task",
      id,
      lease,
      attempt: message.attempt,
      credit: message.credit,
      timeoutMs: Math.max(0, countOf(message.timeoutMs)),
      maxMessageBytes: message.maxMessageBytes,
      request: readPayload(message, peer),
      ...(message.resume && { resumeAfter: heightOf(message.resumeAfter) }),
      ...(message.traceparent !== "" && { traceparent: message.traceparent }),
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const type = error instanceof UnknownType ? "unknown_type" : "bad_request";
    return { kind: "unreadable", id, lease, failure: new TaskFailure(text, "never", { type }) };
  }
}

class UnknownType extends WireFault {}

function readPayload(
  { type, payload }: wire.TaskRequest,
  peer: { readonly chain: ChainRef; readonly legacy: boolean },
): TaskRequest {
  switch (type) {
    case "GetTransactions": {
      const json = readJson(payload, transactionsRequestShape);
      const chain = chainAsked(json.network, json.chainid, peer.chain);
      if (json.hash !== "") return { kind: "transaction", chain, hash: json.hash };
      return {
        kind: "heights",
        chain,
        range: heightRange(heightOf(json.startheight), heightOf(json.endheight)),
      };
    }
    case "GetLatest": {
      const json = readJson(payload, latestRequestShape);
      const chain = chainAsked(json.network, json.chain_id, peer.chain);
      const after = lastKnown(
        json.lastheight ?? json.last_height,
        json.lasthash || json.last_hash,
        peer.legacy,
      );
      const limit = json.limit === undefined ? legacyLatest : countOf(json.limit);
      return { kind: "latest", chain, limit, ...(after !== undefined && { after }) };
    }
    case "GetReward":
      return accountRequest("reward", payload, peer.chain);
    case "GetAccountBalance":
      return accountRequest("balance", payload, peer.chain);
    case "GetAccountDelegations":
      return accountRequest("delegations", payload, peer.chain);
    default:
      throw new UnknownType(`There is no task type '${type.slice(0, 60)}'.`);
  }
}

function accountRequest(
  kind: "reward" | "balance" | "delegations",
  payload: Uint8Array,
  known: ChainRef,
): TaskRequest {
  const json = readJson(payload, accountRequestShape);
  const chain = chainAsked(json.network, json.chainid, known);
  return { kind, chain, account: json.account, height: heightOf(json.height) };
}

/** A legacy manager that knows no block says height 0. */
function lastKnown(height: bigint | undefined, hash: string, legacy: boolean): LastKnownBlock | undefined {
  if (height === undefined || (legacy && height === 0n)) return undefined;
  return { height: heightOf(height), ...(hash !== "" && { hash }) };
}

/** A worker reads one chain and answers for no other; a manager may leave the name out. */
function chainAsked(network: string, chainId: string, known: ChainRef): ChainRef {
  const other =
    (network !== "" && network !== known.network) || (chainId !== "" && chainId !== known.chainId);
  if (!other) return known;
  throw new WireFault(
    `This worker reads ${known.network}/${known.chainId}, not ${network}/${chainId}.`.slice(0, 400),
  );
}
