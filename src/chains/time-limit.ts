// One attempt at an endpoint, ended by its time limit or by the caller's abort, whichever comes first.
// Imports only lib and endpoint-error; never knows what is asked.
import type { Clock } from "../lib/clock.js";
import { EndpointError } from "./endpoint-error.js";

export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Made once: an abort without a reason makes an error with a stack each time, which costs more than all else here. */
const attemptOver = new Error("The attempt is over.");

/** Runs with a time limit; the limit and the caller's abort hold even where `run` does not look at its signal. */
export async function withinTime<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { signal, timeoutMs, clock }: TimeLimit,
): Promise<T> {
  signal.throwIfAborted();
  const inner = new AbortController();
  const timer = new AbortController();
  let abort: (() => void) | undefined;
  try {
    return await Promise.race([
      run(inner.signal),
      clock.sleep(timeoutMs, timer.signal).then(() => {
        throw new EndpointError("timeout", `it did not answer within ${timeoutMs} ms`);
      }),
      new Promise<never>((_, reject) => {
        abort = () => reject(asError(signal.reason));
        signal.addEventListener("abort", abort, { once: true });
      }),
    ]);
  } finally {
    if (abort !== undefined) signal.removeEventListener("abort", abort);
    timer.abort(attemptOver);
    inner.abort(attemptOver);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
