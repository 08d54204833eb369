// How many bytes of answers wait for those who asked, over all tasks of a manager.
// Imports nothing; never knows what the bytes are.

/** A task whose answers wait. */
export interface WaitingHolder {
  readonly waitingBytes: number;
  /** Gives up what waits, to ask for it again when it is wanted. */
  shed(): void;
}

export interface Waiting {
  readonly bytes: number;
  readonly limit: number;
  readonly isFull: boolean;
  /** A task's waiting bytes grew or shrank. */
  changed(holder: WaitingHolder, by: number): void;
  /** Resolves when it is no longer full. */
  room(): Promise<void>;
  /** Makes the task with the most waiting bytes give them up. */
  shedLargest(): void;
}

/** Creates the account of at most `limit` bytes. */
export function createWaiting(limit: number): Waiting {
  const holders = new Set<WaitingHolder>();
  let bytes = 0;
  let waiters: (() => void)[] = [];

  return {
    limit,
    get bytes() {
      return bytes;
    },
    get isFull() {
      return bytes >= limit;
    },
    changed(holder, by) {
      bytes += by;
      if (holder.waitingBytes > 0) holders.add(holder);
      else holders.delete(holder);
      if (bytes >= limit) return;
      const woken = waiters;
      waiters = [];
      for (const wake of woken) wake();
    },
    room() {
      return bytes < limit ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve));
    },
    shedLargest() {
      const [largest] = [...holders].sort((a, b) => b.waitingBytes - a.waitingBytes);
      largest?.shed();
    },
  };
}
