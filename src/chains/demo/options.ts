// Options of a demo chain and their defaults.
// Imports only lib.
// Never reads the environment.
import { systemClock, type Clock } from "../../lib/clock.js";

/** Injected faults; none by default. */
export interface DemoFaults {
  /** Instead of every n-th height of this reader, its task fails with a retry on another worker. */
  readonly failEvery?: number;
  /** Instead of every n-th height of this reader, its task fails with a rate limit of `retryAfterMs`. */
  readonly limitEvery?: { readonly heights: number; readonly retryAfterMs: number };
  /** Calls `crash` before this height; `crash` may end the worker's process. */
  readonly crashAt?: { readonly height: number; readonly crash: () => void };
  /** Every height that is a multiple of `heights` takes `ms` milliseconds longer. */
  readonly slow?: { readonly heights: number; readonly ms: number };
  /** Every height that is a multiple of this is a quarantine. */
  readonly quarantineEvery?: number;
  /** Every block whose height is a multiple of this reports one transaction too many in `transactionCount`. */
  readonly miscountEvery?: number;
}

/** Options of `createDemoChain`. */
export interface DemoOptions {
  /** Seed of all data: two readers with the same options read the same chain. */
  readonly seed?: number;
  readonly chainId?: string;
  /** Milliseconds since 1970 at which the head is `initialHeights`; from then on it grows with the clock. */
  readonly genesis?: number;
  /** New blocks per second; 0 stops the growth. */
  readonly ratePerSecond?: number;
  /** The head at `genesis`. */
  readonly initialHeights?: number;
  readonly firstHeight?: number;
  /** Average transactions per block; a block has between 0 and twice as many. */
  readonly transactionsPerBlock?: number;
  readonly accounts?: number;
  /** Size of each transaction's `raw` in bytes. */
  readonly payloadBytes?: number;
  /** When the head reaches a multiple of `every`, other blocks replace the `depth` blocks before it. */
  readonly reorg?: { readonly every: number; readonly depth: number };
  /** Milliseconds before the first result of each task and before each head. */
  readonly latencyMs?: number;
  readonly faults?: DemoFaults;
  readonly clock?: Clock;
}

/** Options with all defaults applied. */
export interface ResolvedDemoOptions extends Required<Omit<DemoOptions, "reorg">> {
  readonly reorg: { readonly every: number; readonly depth: number } | undefined;
  /** Milliseconds from one block to the next. */
  readonly intervalMs: number;
}

/** Applies the defaults. Throws a RangeError if the reorganisation's depth does not fit. */
export function resolveDemoOptions(options: DemoOptions): ResolvedDemoOptions {
  const { reorg, ratePerSecond = 1 } = options;
  if (reorg !== undefined && !(reorg.depth >= 1 && reorg.depth < reorg.every)) {
    throw new RangeError(
      `reorg.depth: ${reorg.depth} is out of range, 1 to ${reorg.every - 1} allowed with reorg.every ${reorg.every}.`,
    );
  }
  return {
    seed: options.seed ?? 1,
    chainId: options.chainId ?? "demo-1",
    genesis: options.genesis ?? Date.UTC(2026, 0, 1),
    ratePerSecond,
    initialHeights: options.initialHeights ?? 0,
    firstHeight: options.firstHeight ?? 1,
    transactionsPerBlock: options.transactionsPerBlock ?? 5,
    accounts: options.accounts ?? 300,
    payloadBytes: options.payloadBytes ?? 180,
    reorg,
    latencyMs: options.latencyMs ?? 0,
    faults: options.faults ?? {},
    clock: options.clock ?? systemClock,
    intervalMs: ratePerSecond > 0 ? 1000 / ratePerSecond : 1000,
  };
}
