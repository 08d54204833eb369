// The proof that a manager knows the worker's token; the token itself is not sent.
// Imports only node:crypto; never stores a token.
import { createHmac, timingSafeEqual } from "node:crypto";

/** The metadata keys of the stream. */
export const metadataKeys = { worker: "indexer-worker", proof: "indexer-proof" } as const;

/** Returns the HMAC-SHA256 of the worker's id with the token as key, in hex. */
export function proofOf(token: string, workerId: string): string {
  return createHmac("sha256", token).update(workerId).digest("hex");
}

/** Checks a proof in constant time. */
export function isProof(proof: string, token: string, workerId: string): boolean {
  const expected = Buffer.from(proofOf(token, workerId));
  const actual = Buffer.from(proof);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
