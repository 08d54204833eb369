// What can be set on a demo chain, and what it is where nothing is set.
// Imports only lib. Never reads the environment.
import { systemClock, type Clock } from "../../lib/clock.js";

/** Faults on demand; none is on unless set. */
export interface DemoFaults {
  /** Every n-th height that this reader gives ends its task with a failure that sends it to another worker. */
  readonly failEvery?: number;
  /** Every n-th height that this reader gives ends its task with a rate limit of `retryAfterMs`. */
  readonly limitEvery?: { readonly heights: number; readonly retryAfterMs: number };
  /** Calls `die` instead of giving this height: the worker's process ends itself there. */
  readonly dieAt?: { readonly height: number; readonly die: () => void };
  /** Every height that is a multiple of `heights` takes `ms` longer. */
  readonly slow?: { readonly heights: number; readonly ms: number };
  /** Every height that is a multiple of this cannot be decoded. */
  readonly quarantineEvery?: number;
  /** Every block whose height is a multiple of this claims one transaction more than there are. */
  readonly lieCount?: number;
}

export interface DemoOptions {
  /** Everything follows from it: two readers with the same options give the same chain. */
  readonly seed?: number;
  readonly chainId?: string;
  /** Milliseconds since 1970 at which `initialHeights` were there; the head grows from then on by the clock. */
  readonly genesis?: number;
  /** New blocks a second; 0 for a chain that stands still. */
  readonly ratePerSecond?: number;
  /** The head at `genesis`. */
  readonly initialHeights?: number;
  readonly firstHeight?: number;
  /** On average; a block holds from none to twice as many. */
  readonly transactionsPerBlock?: number;
  readonly accounts?: number;
  /** Bytes of `raw` in each transaction. */
  readonly payloadBytes?: number;
  /** When the head reaches a multiple of `every`, the `depth` blocks before it are replaced by others. */
  readonly reorg?: { readonly every: number; readonly depth: number };
  /** Milliseconds before the first answer to each task and each head. */
  readonly latencyMs?: number;
  readonly faults?: DemoFaults;
  readonly clock?: Clock;
}

/** Options with nothing left open. */
export interface ResolvedDemoOptions extends Required<Omit<DemoOptions, "reorg">> {
  readonly reorg: { readonly every: number; readonly depth: number } | undefined;
  /** Milliseconds from one block to the next. */
  readonly intervalMs: number;
}

/** Fills in what was left open. Throws a RangeError where the settings contradict each other. */
export function resolveDemoOptions(options: DemoOptions): ResolvedDemoOptions {
  const { reorg, ratePerSecond = 1 } = options;
  if (reorg !== undefined && !(reorg.depth >= 1 && reorg.depth < reorg.every)) {
    throw new RangeError(
      `A demo reorg of depth ${reorg.depth} does not fit between two, every ${reorg.every} heights.`,
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
