// The JSON of requests for new data that schedulers send: LatestDataRequest, SyncRangeRequest and their response. Keys are in
// snake case; an older form has camel case. Imports domain only. Never runs a request.
import { z } from "zod";
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import { IndexerError, type ErrorCode } from "../domain/errors.js";
import { isHeight, type Height } from "../domain/height.js";
import { formatTime } from "../domain/time.js";

/** A request of a scheduler. */
export interface DataRequest {
  readonly chain: ChainRef;
  /** The last height that the scheduler knows; 0 before the first. */
  readonly lastHeight: Height;
  /** The start of a range, which decides before the first known height. Existing schedulers do not send it. */
  readonly firstHeight?: Height;
  /** The end of a range. */
  readonly finalHeight?: Height;
  readonly retryCount: number;
  /** Returned as it came: base64. */
  readonly nonce: string | null;
  /** Whether the keys are in camel case. */
  readonly camelCase: boolean;
}

/** The result of a request. */
export interface DataResponse {
  readonly height?: Height;
  readonly head?: Pick<Block, "hash" | "time" | "epoch">;
  readonly processing: boolean;
  readonly failure?: { readonly code: ErrorCode; readonly message: string };
}

const name = z.string().min(1, "must not be empty");
const count = z
  .custom<number>(isHeight, "must be a whole number from 0 to 2^53-1")
  .nullish()
  .transform((value) => value ?? 0);
const shape = z.object({
  network: name,
  chain_id: name,
  last_height: count,
  first_height: z.custom<number>(isHeight, "must be a whole number from 0 to 2^53-1").nullish(),
  final_height: count,
  retry_count: count,
  nonce: z
    .string()
    .nullish()
    .transform((value) => value ?? null),
});

/** The keys of the older form, and other spellings that callers use. */
const spellings: Readonly<Record<string, string>> = {
  chainId: "chain_id",
  chainID: "chain_id",
  lastHeight: "last_height",
  finalHeight: "final_height",
  retryCount: "retry_count",
};
const olderKeys = ["lastHash", "lastHeight", "lastTime", "lastEpoch", "retryCount"];

/** Reads a request. Throws BAD_USER_INPUT that names the key. Unknown keys are ignored. */
export function readDataRequest(body: unknown): DataRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "The request must be one JSON object with network and chain_id.",
    );
  }
  const given = Object.entries(body).map(([key, value]) => [spellings[key] ?? key, value] as const);
  const { data, error } = shape.safeParse(Object.fromEntries(given));
  if (data === undefined) {
    const faults = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new IndexerError("BAD_USER_INPUT", faults.join("; "));
  }
  return {
    chain: { network: data.network, chainId: data.chain_id },
    lastHeight: data.last_height,
    ...(typeof data.first_height === "number" && { firstHeight: data.first_height }),
    ...(data.final_height > 0 && { finalHeight: data.final_height }),
    retryCount: data.retry_count,
    nonce: data.nonce,
    camelCase: olderKeys.some((key) => Object.hasOwn(body, key)),
  };
}

/** Existing schedulers are written in Go, where this is the time that is not set. */
const noTime = "0001-01-01T00:00:00Z";

/** Writes the response in the form of the request. Errors are base64, as existing schedulers expect. */
export function writeDataResponse(
  { retryCount, nonce, camelCase }: Pick<DataRequest, "retryCount" | "nonce" | "camelCase">,
  { height, head, processing, failure }: DataResponse,
): Readonly<Record<string, unknown>> {
  const values = {
    last_hash: head?.hash ?? "",
    last_height: height ?? 0,
    last_time: head === undefined ? noTime : formatTime(head.time),
    last_epoch: head?.epoch ?? "",
    retry_count: failure !== undefined || processing ? retryCount + 1 : 0,
    nonce,
    error: failure === undefined ? null : Buffer.from(failure.message).toString("base64"),
    processing,
    ...(failure !== undefined && { code: failure.code }),
  };
  if (!camelCase) return values;
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
