// Maps the error messages of nodes to failures. Messages are the same over gRPC and RPC.
// Imports only domain and endpoint-error; never does I/O.
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { errorMessage } from "../../lib/error-message.js";
import { EndpointError } from "../endpoint-error.js";

/** The requested data, for error messages. */
export interface RequestSubject {
  /** For example `height 5`. */
  readonly name: string;
  readonly height?: Height;
}

/** Maximum heights above a node's head that count as about to come. */
const soonHeights = 3;

/**
 * Returns the failure that a node's message stands for; undefined for an unknown message. The messages come from CometBFT
 * (`rpc/core`), IAVL, the SDK's baseapp (`CreateQueryContext`) and the SDK's query services.
 */
export function faultFromMessage(
  text: string,
  subject: RequestSubject,
): EndpointError | TaskFailure | undefined {
  const { name, height } = subject;
  const details = height === undefined ? {} : { height };
  const lacking = (type: string, message: string): EndpointError =>
    new EndpointError("missing", message, {
      failure: new TaskFailure(message, "other-worker", { type, ...details }),
    });

  const current = /(?:current blockchain height|latest height:?) (\d+)/i.exec(text)?.[1];
  const isAhead = height !== undefined && current !== undefined && height > Number(current);
  if (isAhead || /height in the future|requested block height is bigger then the chain length/i.test(text)) {
    const soon = current !== undefined && height !== undefined && height <= Number(current) + soonHeights;
    return lacking(
      soon ? "not_ready" : "height_not_reached",
      `the chain has not reached ${name} yet: ${firstLine(text)}`,
    );
  }
  if (
    /could not find (results|block)|block results? .*not found|not persisting (abci|finalize block) responses/i.test(
      text,
    )
  ) {
    const never = /not persisting/i.test(text);
    return lacking(never ? "unsupported" : "not_ready", `it has no results of ${name}: ${firstLine(text)}`);
  }
  if (
    /lowest height is|pruned|version does not exist|version mismatch|failed to load state|no commit info|failed to get commit info/i.test(
      text,
    )
  ) {
    return lacking("pruned", `it no longer has ${name}: ${firstLine(text)}`);
  }
  if (/indexing is disabled/i.test(text)) {
    return lacking("unsupported", `its transaction index is disabled, so it cannot find ${name} by hash`);
  }
  if (/height must be (greater|non-negative)|must be greater than 0/i.test(text)) {
    return new TaskFailure(`${name} does not exist: ${firstLine(text)}`, "never", {
      type: "bad_request",
      ...details,
    });
  }
  if (
    /bech32|invalid address|empty address|invalid .*checksum|must provide an address|address cannot be empty/i.test(
      text,
    )
  ) {
    return new TaskFailure(`The node rejects ${name}: ${firstLine(text)}`, "never", {
      type: "bad_request",
      ...details,
    });
  }
  if (/unable to find delegations for address/i.test(text))
    return new TaskFailure(`${name} is empty: ${firstLine(text)}`, "never", {
      type: "not_found",
      ...details,
    });
  if (/rate limit|too many requests|limit exceeded/i.test(text)) {
    return new EndpointError("rate-limited", `it limits requests: ${firstLine(text)}`);
  }
  if (/not found/i.test(text)) {
    const message = `it does not know ${name}`;
    return lacking("not_found", message);
  }
  return undefined;
}

/** The first line of a message, at most 300 characters: some nodes append a stack trace. */
function firstLine(text: string): string {
  const line = text.split("\n")[0] ?? "";
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** The error for data that a node should have but does not have yet. */
export function notReadyError({ name, height }: RequestSubject): EndpointError {
  const message = `it does not have ${name}`;
  const failure = new TaskFailure(message, "other-worker", {
    type: "not_ready",
    ...(height !== undefined && { height }),
  });
  return new EndpointError("missing", message, { failure });
}

/**
 * The error for a response that violates its protocol. For a height it is `lacking`: another node may return a valid response, and
 * if none does, the height is quarantined. For anything else the node counts as unavailable.
 */
export function malformedResponse(error: unknown, { name, height }: RequestSubject): EndpointError {
  const message = `its response for ${name} is malformed: ${errorMessage(error)}`;
  if (height === undefined) return new EndpointError("unavailable", message, {}, { cause: error });
  const failure = new TaskFailure(message, "other-worker", {
    type: "malformed",
    height,
  });
  return new EndpointError("missing", message, { failure }, { cause: error });
}
