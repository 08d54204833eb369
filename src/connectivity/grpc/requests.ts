// Encodes and decodes a manager's messages.
// Imports only domain, generated code and this folder; never keeps state.
import type { ChainRef } from "../../domain/chain.js";
import { heightRange } from "../../domain/height.js";
import { TaskFailure, type LastKnownBlock, type TaskRequest } from "../../domain/task.js";
import { errorMessage } from "../../lib/error-message.js";
import * as wire from "../../generated/proto/indexer.js";
import type { ManagerFrame, TaskFrame } from "../protocol/frames.js";
import {
  accountRequestShape,
  latestRequestShape,
  readJson,
  transactionsRequestShape,
  writeJson,
} from "./json-shapes.js";
import { countOf, readHeight, WireFault } from "./numbers.js";

const protocolVersion = "0.0.1";
/** The limit of a `GetLatest` request that names none. */
const defaultLatestLimit = 1_000;

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
      throw new Error("An `unreadable` frame cannot be sent.");
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

/** Decodes a message to a worker of `chain`; undefined if the bytes are not a message. */
export function decodeRequest(bytes: Uint8Array, workerChain: ChainRef): ManagerFrame | undefined {
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
      return decodeTask(message, workerChain);
  }
}

function decodeTask(message: wire.TaskRequest, workerChain: ChainRef): ManagerFrame {
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
      request: readPayload(message, workerChain),
      ...(message.resume && { resumeAfter: readHeight(message.resumeAfter) }),
      ...(message.traceparent !== "" && { traceparent: message.traceparent }),
    };
  } catch (error) {
    const type = error instanceof UnknownType ? "unknown_type" : "bad_request";
    return {
      kind: "unreadable",
      id,
      lease,
      failure: new TaskFailure(errorMessage(error), "never", { type }),
    };
  }
}

/** The task type is unknown. */
class UnknownType extends WireFault {}

function readPayload({ type, payload }: wire.TaskRequest, workerChain: ChainRef): TaskRequest {
  switch (type) {
    case "GetTransactions": {
      const json = readJson(payload, transactionsRequestShape);
      const chain = requestedChain(json.network, json.chainid, workerChain);
      if (json.hash !== "") return { kind: "transaction", chain, hash: json.hash };
      return {
        kind: "heights",
        chain,
        range: heightRange(readHeight(json.startheight), readHeight(json.endheight)),
      };
    }
    case "GetLatest": {
      const json = readJson(payload, latestRequestShape);
      const chain = requestedChain(json.network, json.chain_id, workerChain);
      const after = lastKnown(json.lastheight ?? json.last_height, json.lasthash || json.last_hash);
      const limit = json.limit === undefined ? defaultLatestLimit : countOf(json.limit);
      return { kind: "latest", chain, limit, ...(after !== undefined && { after }) };
    }
    case "GetReward":
      return accountRequest("reward", payload, workerChain);
    case "GetAccountBalance":
      return accountRequest("balance", payload, workerChain);
    case "GetAccountDelegations":
      return accountRequest("delegations", payload, workerChain);
    default:
      throw new UnknownType(`The task type '${type.slice(0, 60)}' is unknown.`);
  }
}

function accountRequest(
  kind: "reward" | "balance" | "delegations",
  payload: Uint8Array,
  known: ChainRef,
): TaskRequest {
  const json = readJson(payload, accountRequestShape);
  const chain = requestedChain(json.network, json.chainid, known);
  return { kind, chain, account: json.account, height: readHeight(json.height) };
}

function lastKnown(height: bigint | undefined, hash: string): LastKnownBlock | undefined {
  if (height === undefined) return undefined;
  return { height: readHeight(height), ...(hash !== "" && { hash }) };
}

/** Returns the worker's chain. Throws a WireFault if the request names another chain; the names are optional. */
function requestedChain(network: string, chainId: string, known: ChainRef): ChainRef {
  const other =
    (network !== "" && network !== known.network) || (chainId !== "" && chainId !== known.chainId);
  if (!other) return known;
  throw new WireFault(
    `This worker reads ${known.network}/${known.chainId}, not ${network}/${chainId}.`.slice(0, 400),
  );
}
