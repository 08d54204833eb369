// What is wrong with an endpoint of a chain, as its client sees it: the words that endpoints.ts acts on.
// Imports only domain; never does I/O.
import type { TaskFailure } from "../domain/task.js";

/**
 * Why an endpoint gave no answer. `rate-limited`: asked too often. `timeout`: no answer in time. `unavailable`: no connection,
 * or an answer that makes no sense. `refused`: it serves another chain or a newest block that cannot be. `lacking`: it is
 * well, but does not have what was asked; another endpoint may.
 */
export type EndpointFault = "rate-limited" | "timeout" | "unavailable" | "refused" | "lacking";

/** Thrown by an endpoint's client where another endpoint, or the same one later, may do better. Any other error passes through. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";

  constructor(
    readonly fault: EndpointFault,
    message: string,
    readonly details: {
      /** Milliseconds that the endpoint itself asked us to wait. */
      readonly retryAfterMs?: number;
      /** What the task ends with where every endpoint lacks what was asked. */
      readonly failure?: TaskFailure;
    } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Milliseconds that a `Retry-After` header asks for: seconds or an HTTP date (RFC 9110, 10.2.3); nothing where it says neither. */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
