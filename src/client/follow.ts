// Use case: one step of following the head of a chain. A step fetches the lowest heights that are missing between the start
// of following and the network's head. So no height is skipped after an outage or a failed step, and the next step fetches
// the heights that a reorganisation replaced. A step has a lease of its own, not that of a schedule: a chain need not have a
// schedule, and an external scheduler may call any manager.
import type { Workers } from "../connectivity/port.js";
import { chainName, type ChainRef, type ChainHead } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { firstHeights, totalHeights, type Height } from "../domain/height.js";
import type { LastKnownBlock } from "../domain/task.js";
import type { Clock } from "../lib/clock.js";
import type { Store } from "../store/port.js";
import { withLease } from "./lease.js";
import type { FollowResult } from "./port.js";
import { runTasks, type RunTasksDeps, type RunTasksOptions, type StoredPart } from "./run-tasks.js";
import type { StoreHeights } from "./store-heights.js";

/** The services that following uses. */
export interface FollowDeps extends RunTasksDeps {
  readonly store: Store;
  readonly storeHeights: StoreHeights;
  readonly workers: Workers;
  readonly clock: Clock;
  /** Names this process in leases. */
  readonly owner: string;
  /** Aborts when the manager stops. Callers share a step, so a single caller cannot cancel it. */
  readonly closing: AbortSignal;
  /** The height at which the index of a new chain begins; by default it depends on the chain's length. */
  readonly followFrom?: Height;
}

/** A chain with at most this many heights is followed from its first height. */
const wholeChainHeights = 10_000;
/** A longer chain is followed from this many heights below its head. A backfill fetches the rest. */
const firstStepHeights = 1_000;

/** Runs one step with at most `maxHeights` heights. If the signal aborts, it throws TIMEOUT and the step continues. */
export type FollowLatest = (
  chain: ChainRef,
  maxHeights: number,
  signal: AbortSignal,
) => Promise<FollowResult>;

/**
 * Creates the use case. Concurrent calls for one chain share one step and its result. While another manager runs a step of the
 * chain, the result is `processing` with the stored head.
 */
export function createFollow(deps: FollowDeps): FollowLatest {
  const steps = new Map<string, Promise<FollowResult>>();
  const verified = new Set<string>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    let step = steps.get(name);
    if (step === undefined) {
      step = leasedStep({ ...deps, verified }, chain, maxHeights).finally(() => steps.delete(name));
      steps.set(name, step);
    }
    return waitUntilAborted(step, signal);
  };
}

/** What a step needs. */
interface StepDeps extends FollowDeps {
  /** The chains whose stored head was compared with the node's block since the start. */
  readonly verified: Set<string>;
}

async function leasedStep(deps: StepDeps, chain: ChainRef, maxHeights: number): Promise<FollowResult> {
  const { store, clock, owner, closing } = deps;
  const lease = { store, clock, owner, signal: closing, name: `follow/${chainName(chain)}` };
  const result = await withLease(lease, (signal) =>
    followStep({ ...deps, closing: signal }, chain, maxHeights),
  );
  return result ?? { ...(await stepResult(store, chain, nothing, false)), processing: true };
}

async function followStep(deps: StepDeps, chain: ChainRef, maxHeights: number): Promise<FollowResult> {
  const { store, dispatcher } = deps;
  const head = newestHead(deps.workers, chain);
  if (head === undefined) {
    return expectsHead(deps.workers, chain)
      ? stepResult(store, chain, nothing, false)
      : followWithoutHead(deps, chain, maxHeights);
  }
  await store.saveNetworkHead(chain, head);
  await invalidateForkedHead(store, chain, head);
  await verifyStoredHead(deps, chain, head);
  const from = await followStart(deps, chain, head);
  if (from > head.height) return stepResult(store, chain, nothing, false);

  const wanted = { from, to: head.height };
  // Heights in quarantine are retried at their own interval. Requested again in each step, they would block those above them.
  const next = firstHeights(await store.unfinished(chain, wanted), maxHeights);
  const totals = createTotals();
  const parallel = dispatcher.capacity(chain, "background");
  await deps.storeHeights({ ...workOf(deps), chain, ranges: next, parallel, onStored: totals.add });
  const stored = totals.read();
  const left = totalHeights(await store.unfinished(chain, wanted));
  // A step without progress must not repeat at once: the next interval retries it.
  return stepResult(store, chain, stored, left > 0 && stored.blocks > 0);
}

/** Follows if no worker reports the network's head (legacy workers do not): requests the heights after the last stored one. */
async function followWithoutHead(
  deps: FollowDeps,
  chain: ChainRef,
  maxHeights: number,
): Promise<FollowResult> {
  const { store, followFrom } = deps;
  if (followFrom !== undefined) await store.startFollowing(chain, followFrom);
  const after = await lastBlockBeforeGap(store, chain);
  const task = { kind: "latest", chain, limit: maxHeights, ...(after !== undefined && { after }) } as const;
  const totals = createTotals();
  for await (const part of runTasks(deps, [task], workOf(deps))) totals.add(part);
  const stored = totals.read();
  if (stored.lowest !== undefined) await store.startFollowing(chain, stored.lowest);
  return stepResult(store, chain, stored, stored.blocks >= maxHeights);
}

interface StoredTotals {
  readonly blocks: number;
  readonly transactions: number;
  readonly lowest?: Height;
}

const nothing: StoredTotals = { blocks: 0, transactions: 0 };

/** How tasks of following are executed. */
function workOf({ closing }: FollowDeps): RunTasksOptions {
  return { caller: "follow", priority: "background", signal: closing };
}

/** Adds up stored parts. */
function createTotals(): { add(part: StoredPart): void; read(): StoredTotals } {
  let totals = nothing;
  return {
    add({ blocks, transactions }) {
      const lowest = Math.min(totals.lowest ?? Infinity, ...blocks.map(({ height }) => height));
      totals = {
        blocks: totals.blocks + blocks.length,
        transactions: totals.transactions + transactions.length,
        ...(Number.isFinite(lowest) && { lowest }),
      };
    },
    read: () => totals,
  };
}

async function stepResult(
  store: Store,
  chain: ChainRef,
  { blocks, transactions }: StoredTotals,
  behind: boolean,
): Promise<FollowResult> {
  const head = (await store.chain(chain))?.head;
  return { blocks, transactions, behind, processing: false, ...(head !== undefined && { head }) };
}

/** Returns the highest head that an online worker of the chain reports. */
export function newestHead(workers: Workers, chain: ChainRef): ChainHead | undefined {
  return workers
    .list(chain)
    .filter(({ state }) => state === "ONLINE")
    .flatMap(({ head }) => (head === undefined ? [] : [head]))
    .reduce<ChainHead | undefined>(
      (best, head) => (best === undefined || head.height > best.height ? head : best),
      undefined,
    );
}

/** Whether an online worker will report its head soon. Legacy workers have no capabilities and never report it. */
function expectsHead(workers: Workers, chain: ChainRef): boolean {
  return workers.list(chain).some(({ state, capabilities }) => state === "ONLINE" && capabilities.length > 0);
}

/** Invalidates the stored block at the head's height if its hash differs: a reorganisation replaced it. */
async function invalidateForkedHead(store: Store, chain: ChainRef, head: ChainHead): Promise<void> {
  if (head.hash === undefined) return;
  const [stored] = await store.blocksAt(chain, [head.height]);
  if (stored !== undefined && stored.hash !== head.hash) {
    await store.invalidate(chain, [{ from: head.height, to: head.height }]);
  }
}

/**
 * Fetches the stored head again, once after the start: the chain may have been reorganised, or reset, while no manager ran. A
 * different block replaces the stored one, and the blocks that do not link to it leave the coverage.
 */
async function verifyStoredHead(deps: StepDeps, chain: ChainRef, head: ChainHead): Promise<void> {
  const name = chainName(chain);
  if (deps.verified.has(name)) return;
  const stored = (await deps.store.chain(chain))?.head;
  if (stored !== undefined && stored.height <= head.height) {
    const ranges = [{ from: stored.height, to: stored.height }];
    await deps.storeHeights({ ...workOf(deps), chain, ranges, parallel: 1 });
  }
  deps.verified.add(name);
}

async function followStart(
  { store, followFrom }: FollowDeps,
  chain: ChainRef,
  head: ChainHead,
): Promise<Height> {
  const known = (await store.chain(chain))?.followFrom;
  if (known !== undefined) return known;
  const lowest = head.earliest ?? 0;
  // A pruned node no longer has the heights below its earliest one.
  if (followFrom !== undefined) return store.startFollowing(chain, Math.max(followFrom, lowest));
  const whole = head.height - lowest < wholeChainHeights;
  return store.startFollowing(chain, whole ? lowest : head.height - firstStepHeights + 1);
}

/** Returns the last stored block before the first gap after the start of following. */
async function lastBlockBeforeGap(store: Store, chain: ChainRef): Promise<LastKnownBlock | undefined> {
  const record = await store.chain(chain);
  if (record?.followFrom === undefined) return record?.head;
  const { followFrom } = record;
  const [first] = await store.indexed(chain, { from: followFrom });
  const height = first?.from === followFrom ? first.to : followFrom - 1;
  if (height < 0) return undefined;
  const [block] = await store.blocksAt(chain, [height]);
  return { height, ...(block !== undefined && { hash: block.hash }) };
}

function waitUntilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new IndexerError("TIMEOUT", "The caller stopped waiting.", {}, { cause: signal.reason }));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
