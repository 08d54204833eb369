// Waiting longer after each failure.

export interface Backoff {
  /** Milliseconds before the first retry. */
  readonly first: number;
  /** Milliseconds at most. */
  readonly max: number;
}

/** Milliseconds to wait before retry `attempt` (0, 1, 2, …): doubling, jittered between half and whole. */
export function backoffDelay(
  { first, max }: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const whole = Math.min(max, first * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + random() / 2);
}
