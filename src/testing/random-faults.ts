// Kills and freezes processes at random moments, from a seed, and starts killed ones again.
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningProcess } from "./processes.js";

/** A process with a fixed role, which is started again after a kill. */
export interface FaultTarget {
  readonly name: string;
  /** Starts the process and resolves when it is ready. */
  readonly start: () => Promise<RunningProcess>;
  process: RunningProcess;
}

/** What was done to whom. */
export interface Fault {
  readonly kind: "kill" | "freeze";
  readonly target: string;
  /** Milliseconds that the process was away. */
  readonly ms: number;
}

/** Options of `injectFaults`. */
export interface FaultOptions {
  readonly targets: readonly FaultTarget[];
  readonly seed: number;
  readonly count: number;
  /** Milliseconds that a frozen process stays frozen, at most. */
  readonly maxFreezeMs: number;
  /** Milliseconds between two faults, at most. */
  readonly maxPauseMs: number;
  readonly isOver: () => boolean;
}

/** Injects faults one after the other until `count` is reached or the work is over. Leaves every process running. */
export async function injectFaults(options: FaultOptions): Promise<Fault[]> {
  const { targets, seed, count, maxFreezeMs, maxPauseMs, isOver } = options;
  const random = createRandom(seed);
  const faults: Fault[] = [];
  while (faults.length < count && !isOver()) {
    await sleep(200 + random() * maxPauseMs);
    const target = targets[Math.floor(random() * targets.length)];
    if (target === undefined || isOver()) break;
    const startedAt = performance.now();
    const kind = random() < 0.5 ? "kill" : "freeze";
    if (kind === "kill") {
      await target.process.kill();
      await sleep(random() * 1_000);
      target.process = await target.start();
    } else {
      target.process.signal("SIGSTOP");
      await sleep(500 + random() * maxFreezeMs);
      target.process.signal("SIGCONT");
    }
    faults.push({ kind, target: target.name, ms: Math.round(performance.now() - startedAt) });
  }
  return faults;
}

/** Numbers from 0 to 1 that depend on the seed only: mulberry32, a public-domain generator of 32 bits of state. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
