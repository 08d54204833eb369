// Ends one call to an endpoint at its time limit or at the caller's abort.
// Imports only lib and endpoint-error.
// Never knows the content of a call.
import type { Clock } from "../lib/clock.js";
import { toError } from "../lib/error-message.js";
import { EndpointError } from "./endpoint-error.js";

/** Options of `runWithTimeout`. */
export interface TimeoutOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Created once: an abort without a reason creates an error with a stack each time, the highest cost in this function. */
const attemptOver = new Error("The attempt ended.");

/** Runs with a time limit; the limit and the caller's abort apply even if `run` ignores its signal. */
export async function runWithTimeout<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { signal, timeoutMs, clock }: TimeoutOptions,
): Promise<T> {
  signal.throwIfAborted();
  const inner = new AbortController();
  const timer = new AbortController();
  let abort: (() => void) | undefined;
  try {
    return await Promise.race([
      run(inner.signal),
      clock.sleep(timeoutMs, timer.signal).then(() => {
        throw new EndpointError("timeout", `it did not respond within ${timeoutMs} ms`);
      }),
      new Promise<never>((_, reject) => {
        abort = () => reject(toError(signal.reason));
        signal.addEventListener("abort", abort, { once: true });
      }),
    ]);
  } finally {
    if (abort !== undefined) signal.removeEventListener("abort", abort);
    timer.abort(attemptOver);
    inner.abort(attemptOver);
  }
}
