// Faults of an endpoint as its client reports them to endpoints.ts.
// Imports only domain.
// Never does I/O.
import type { TaskFailure } from "../domain/task.js";

/**
 * Why a call to an endpoint failed. `rate-limited`: too many requests. `timeout`: no response in time. `unavailable`: no
 * connection, or a malformed response. `refused`: it serves another chain or an implausible newest block. `missing`: the
 * endpoint is healthy but does not have the data; another endpoint may have it.
 */
export type EndpointFault = "rate-limited" | "timeout" | "unavailable" | "refused" | "missing";

/** Thrown by an endpoint's client if another endpoint, or the same one later, may succeed. Any other error ends the call. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";

  constructor(
    readonly fault: EndpointFault,
    message: string,
    readonly details: {
      /** Milliseconds that the endpoint requested to wait. */
      readonly retryAfterMs?: number;
      /** The failure of the task if the data is missing on every endpoint. */
      readonly failure?: TaskFailure;
    } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Returns the milliseconds of a `Retry-After` header: seconds or an HTTP date (RFC 9110, 10.2.3); undefined for any other text. */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
