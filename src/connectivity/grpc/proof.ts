// How a manager proves on the stream that it knows the worker's token, without sending it.
// Imports only node:crypto; never keeps a token.
import { createHmac, timingSafeEqual } from "node:crypto";

/** Metadata keys of the stream. */
export const metadataKeys = { worker: "indexer-worker", proof: "indexer-proof" } as const;

/** HMAC-SHA256 of the worker's id with the token, in hex. */
export function proofOf(token: string, workerId: string): string {
  return createHmac("sha256", token).update(workerId).digest("hex");
}

/** Whether a proof is right; takes as long for any wrong one. */
export function isProof(given: string, token: string, workerId: string): boolean {
  const expected = Buffer.from(proofOf(token, workerId));
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
