// A wake-up signal between code that changes a state and a loop that waits for changes.
import type { Clock } from "./clock.js";

/** A signal for one waiting loop. Several notifications before a wait count as one. */
export interface WakeUp {
  /** Wakes the waiting loop. If none waits, the next `wait` resolves at once. */
  notify(): void;
  /** Resolves after a notification, or when the signal aborts; never rejects. One call at a time. */
  wait(signal?: AbortSignal): Promise<void>;
}

/** Creates a wake-up signal without a pending notification. */
export function createWakeUp(): WakeUp {
  let pending = false;
  let resume: (() => void) | undefined;
  return {
    notify() {
      pending = true;
      resume?.();
    },
    async wait(signal) {
      if (!pending && signal?.aborted !== true) {
        await new Promise<void>((resolve) => {
          resume = resolve;
          signal?.addEventListener("abort", resume, { once: true });
        });
        if (resume !== undefined) signal?.removeEventListener("abort", resume);
        resume = undefined;
      }
      pending = false;
    },
  };
}

/** Waits for a notification, for `ms` milliseconds at most, or until the signal aborts. Never rejects. */
export async function waitAtMost(
  wakeUp: WakeUp,
  { clock, ms, signal }: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  const timer = new AbortController();
  const stopped = AbortSignal.any([signal, timer.signal]);
  const elapsed = clock.sleep(ms, stopped).then(
    () => timer.abort(),
    () => {},
  );
  await wakeUp.wait(stopped);
  timer.abort();
  await elapsed;
}
