// What a node's error means: nodes say it in words, the same ones over gRPC and RPC.
// Imports only domain and endpoint-error; never does I/O.
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";

/** What was asked, for the error's words. */
export interface Asked {
  /** For example `height 5`. */
  readonly what: string;
  readonly height?: Height;
}

/** Heights that a node may be behind and soon have. */
const soonHeights = 3;

/**
 * The error that a node's words stand for, or nothing where they are not known. Words are of CometBFT (`rpc/core`), IAVL, the
 * SDK's baseapp (`CreateQueryContext`) and its query services.
 */
export function faultOfWords(words: string, asked: Asked): EndpointError | TaskFailure | undefined {
  const { what, height } = asked;
  const details = height === undefined ? {} : { height };
  const lacking = (type: string, message: string): EndpointError =>
    new EndpointError("missing", message, {
      failure: new TaskFailure(message, "other-worker", { type, ...details }),
    });

  const current = /(?:current blockchain height|latest height:?) (\d+)/i.exec(words)?.[1];
  const isAhead = height !== undefined && current !== undefined && height > Number(current);
  if (isAhead || /height in the future|requested block height is bigger then the chain length/i.test(words)) {
    const soon = current !== undefined && height !== undefined && height <= Number(current) + soonHeights;
    return lacking(
      soon ? "not_ready" : "height_not_reached",
      `the chain has not reached ${what} yet: ${short(words)}`,
    );
  }
  if (
    /could not find (results|block)|block results? .*not found|not persisting (abci|finalize block) responses/i.test(
      words,
    )
  ) {
    const never = /not persisting/i.test(words);
    return lacking(never ? "unsupported" : "not_ready", `it has no results of ${what}: ${short(words)}`);
  }
  if (
    /lowest height is|pruned|version does not exist|version mismatch|failed to load state|no commit info|failed to get commit info/i.test(
      words,
    )
  ) {
    return lacking("pruned", `it no longer has ${what}: ${short(words)}`);
  }
  if (/indexing is disabled/i.test(words)) {
    return lacking("unsupported", `it keeps no index of transactions, so ${what} cannot be found by hash`);
  }
  if (/height must be (greater|non-negative)|must be greater than 0/i.test(words)) {
    return new TaskFailure(`There is no ${what}: ${short(words)}`, "never", {
      type: "bad_request",
      ...details,
    });
  }
  if (
    /bech32|invalid address|empty address|invalid .*checksum|must provide an address|address cannot be empty/i.test(
      words,
    )
  ) {
    return new TaskFailure(`The node refuses ${what}: ${short(words)}`, "never", {
      type: "bad_request",
      ...details,
    });
  }
  if (/unable to find delegations for address/i.test(words))
    return new TaskFailure(`There is nothing of ${what}: ${short(words)}`, "never", {
      type: "not_found",
      ...details,
    });
  if (/rate limit|too many requests|limit exceeded/i.test(words)) {
    return new EndpointError("rate-limited", `it limits requests: ${short(words)}`);
  }
  if (/not found/i.test(words)) {
    const message = `it does not know ${what}`;
    return lacking("not_found", message);
  }
  return undefined;
}

/** An error of a node without its stack trace, which some nodes send along. */
function short(words: string): string {
  const line = words.split("\n")[0] ?? "";
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** A height that the node says to have passed, and does not have. */
export function missingBlock({ what, height }: Asked): EndpointError {
  const message = `it does not have ${what}`;
  const failure = new TaskFailure(message, "other-worker", {
    type: "not_ready",
    ...(height !== undefined && { height }),
  });
  return new EndpointError("missing", message, { failure });
}

/**
 * An answer that is not what it must be. Of a height, another node may give a proper one, and where none does the height is to blame;
 * anything else that makes no sense is the node's own illness.
 */
export function malformed(error: Error, { what, height }: Asked): EndpointError {
  const message = `its answer for ${what} is not as it must be: ${error.message}`;
  if (height === undefined) return new EndpointError("unavailable", message, {}, { cause: error });
  const failure = new TaskFailure(message, "other-worker", {
    type: "malformed",
    height,
  });
  return new EndpointError("missing", message, { failure }, { cause: error });
}
