// Exponential backoff with jitter.

/** The limits of a backoff. */
export interface Backoff {
  /** Milliseconds before the first retry. */
  readonly first: number;
  /** The maximum of milliseconds before a retry. */
  readonly max: number;
}

/** Returns the milliseconds before retry `attempt` (0, 1, 2, …): doubles up to `max`, with jitter between half and all of it. */
export function backoffDelay(
  { first, max }: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const whole = Math.min(max, first * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + random() / 2);
}
