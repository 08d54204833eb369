// Use case: one step of following a chain's head. What is wanted is everything from where following began up to the
// network's head; what is missing of it is fetched from below. So nothing is ever jumped over: not after an outage, not
// after a failed step, and heights that a reorganisation unlinked are missing again and come with the next step.
import type { Dispatcher, Workers } from "../connectivity/port.js";
import { chainName, type ChainRef, type ChainHead } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { firstHeights, totalHeights, type Height } from "../domain/height.js";
import type { TaskRequest } from "../domain/task.js";
import type { Store } from "../store/port.js";
import type { Committer } from "./committer.js";
import { heightTasks, runTasks } from "./fetch.js";
import type { FollowResult } from "./port.js";

export interface FollowDeps {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly committer: Committer;
  /** Aborts when the manager ends: a step is shared by its callers, so none of them alone may stop it. */
  readonly closing: AbortSignal;
}

/** A chain that has at most so many heights is followed from its beginning… */
const wholeChain = 10_000;
/** …and a longer one from so many heights below its head: the rest is a backfill's work. */
const firstStep = 1_000;

export type Follow = (chain: ChainRef, maxHeights: number, signal: AbortSignal) => Promise<FollowResult>;

/** Creates the use case. Callers of a chain that is being followed already get that step's result. */
export function createFollow(deps: FollowDeps): Follow {
  const steps = new Map<string, Promise<FollowResult>>();
  return async (chain, maxHeights, signal) => {
    const name = chainName(chain);
    let step = steps.get(name);
    if (step === undefined) {
      step = followStep(deps, chain, maxHeights).finally(() => steps.delete(name));
      steps.set(name, step);
    }
    return abortable(step, signal);
  };
}

async function followStep(deps: FollowDeps, chain: ChainRef, maxHeights: number): Promise<FollowResult> {
  const { store, dispatcher } = deps;
  const head = newestHead(deps.workers, chain);
  if (head === undefined) {
    return tellsHeads(deps.workers, chain)
      ? result(store, chain, nothing, false)
      : followBlindly(deps, chain, maxHeights);
  }
  await store.saveNetworkHead(chain, head);
  await dropForked(store, chain, head);
  const from = await beginning(store, chain, head);
  if (from > head.height) return result(store, chain, nothing, false);

  const wanted = { from, to: head.height };
  const next = firstHeights(await store.missing(chain, wanted), maxHeights);
  const stored = await runAll(deps, heightTasks(chain, next, dispatcher.capacity(chain)));
  const left = totalHeights(await store.missing(chain, wanted));
  // Without progress it would be asked again and again for the same: that waits for the next beat.
  return result(store, chain, stored, left > 0 && stored.blocks > 0);
}

/** Following where no worker tells the network's head (legacy ones do not): a worker is asked for what is new. */
async function followBlindly(deps: FollowDeps, chain: ChainRef, maxHeights: number): Promise<FollowResult> {
  const { store } = deps;
  const after = await lastBeforeGap(store, chain);
  const stored = await runAll(deps, [
    { kind: "latest", chain, limit: maxHeights, ...(after !== undefined && { after }) },
  ]);
  if (stored.lowest !== undefined) await store.startFollowing(chain, stored.lowest);
  return result(store, chain, stored, stored.blocks >= maxHeights);
}

interface Stored {
  readonly blocks: number;
  readonly transactions: number;
  readonly lowest?: Height;
}

const nothing: Stored = { blocks: 0, transactions: 0 };

async function runAll(deps: FollowDeps, tasks: readonly TaskRequest[]): Promise<Stored> {
  let stored = nothing;
  const options = { caller: "follow", priority: "background", signal: deps.closing } as const;
  for await (const { blocks, transactions } of runTasks(deps, tasks, options)) {
    const heights = blocks.map(({ height }) => height);
    const lowest = Math.min(stored.lowest ?? Infinity, ...heights);
    stored = {
      blocks: stored.blocks + blocks.length,
      transactions: stored.transactions + transactions.length,
      ...(Number.isFinite(lowest) && { lowest }),
    };
  }
  return stored;
}

async function result(store: Store, chain: ChainRef, stored: Stored, behind: boolean): Promise<FollowResult> {
  const head = (await store.chain(chain))?.head;
  return {
    blocks: stored.blocks,
    transactions: stored.transactions,
    behind,
    ...(head !== undefined && { head }),
  };
}

/** The newest head that a worker of the chain tells. */
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

/** Whether a worker is there that tells its head, be it only in a moment: legacy ones have no capabilities, and never do. */
function tellsHeads(workers: Workers, chain: ChainRef): boolean {
  return workers.list(chain).some(({ state, capabilities }) => state === "ONLINE" && capabilities.length > 0);
}

/** Where another block than ours stands at the network's head, ours is no longer of the chain: it is missing again. */
async function dropForked(store: Store, chain: ChainRef, head: ChainHead): Promise<void> {
  if (head.hash === undefined) return;
  const [ours] = await store.blocksAt(chain, [head.height]);
  if (ours !== undefined && ours.hash !== head.hash) {
    await store.invalidate(chain, [{ from: head.height, to: head.height }]);
  }
}

async function beginning(store: Store, chain: ChainRef, head: ChainHead): Promise<Height> {
  const known = (await store.chain(chain))?.followFrom;
  if (known !== undefined) return known;
  const lowest = head.earliest ?? 0;
  const whole = head.height - lowest < wholeChain;
  return store.startFollowing(chain, whole ? lowest : head.height - firstStep + 1);
}

/** The last height of what is stored without a gap from where following began. */
async function lastBeforeGap(
  store: Store,
  chain: ChainRef,
): Promise<{ height: Height; hash?: string } | undefined> {
  const record = await store.chain(chain);
  if (record?.followFrom === undefined) return record?.head;
  const { followFrom } = record;
  const [first] = await store.indexed(chain, { from: followFrom });
  const height = first?.from === followFrom ? first.to : followFrom - 1;
  if (height < 0) return undefined;
  const [block] = await store.blocksAt(chain, [height]);
  return { height, ...(block !== undefined && { hash: block.hash }) };
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void =>
      reject(new IndexerError("TIMEOUT", "The caller stopped waiting.", {}, { cause: signal.reason }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
