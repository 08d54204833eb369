// A limit on the bytes that several holders buffer together.
// Imports nothing; never knows the content of the bytes.

/** A part of the buffered bytes that can be dropped. */
export interface BudgetHolder {
  readonly bufferedBytes: number;
  /** Drops the buffered bytes. */
  drop(): void;
}

/** The buffered bytes of all holders, and their limit. */
export interface ByteBudget {
  readonly bytes: number;
  readonly isFull: boolean;
  /** Records that a holder's buffered bytes changed by a number. */
  changed(holder: BudgetHolder, by: number): void;
  /** Resolves when the budget is not full. */
  available(): Promise<void>;
  /** Drops the bytes of the holder with the most. */
  dropLargest(): void;
}

/** Creates a budget of `limit` bytes. */
export function createByteBudget(limit: number): ByteBudget {
  const holders = new Set<BudgetHolder>();
  let bytes = 0;
  let waiters: (() => void)[] = [];

  return {
    get bytes() {
      return bytes;
    },
    get isFull() {
      return bytes >= limit;
    },
    changed(holder, by) {
      bytes += by;
      if (holder.bufferedBytes > 0) holders.add(holder);
      else holders.delete(holder);
      if (bytes >= limit) return;
      const woken = waiters;
      waiters = [];
      for (const wake of woken) wake();
    },
    available() {
      return bytes < limit ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve));
    },
    dropLargest() {
      const [largest] = [...holders].sort((a, b) => b.bufferedBytes - a.bufferedBytes);
      largest?.drop();
    },
  };
}
