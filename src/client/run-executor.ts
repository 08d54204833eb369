// Executes the chunks of all runs that this manager can work on: claims as many as its workers have capacity for, keeps the
// leases, and records how each chunk ended. Any number of managers do this on one database.
// Imports domain, lib and the ports of store, connectivity and pubsub.
import type { Dispatcher, Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";
import { chunkKey, type Chunk } from "../domain/run.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { createWakeUp, waitAtMost } from "../lib/wake-up.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store } from "../store/port.js";
import { executeChunk } from "./chunk.js";
import { runsTopic } from "./runs.js";
import type { StoreHeights } from "./store-heights.js";

/** The services that execute runs. */
export interface RunExecutorDeps {
  readonly store: Pick<Store, "claimChunks" | "renewChunks" | "endChunk" | "trimRuns">;
  readonly storeHeights: StoreHeights;
  readonly dispatcher: Pick<Dispatcher, "capacity">;
  readonly workers: Workers;
  readonly pubsub: PubSub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
  /** Names this manager in the rows of its chunks. */
  readonly owner: string;
}

/** The execution of runs in this process. */
export interface RunExecutor {
  /** Chunks in work now. */
  readonly active: number;
  /** Claims no more, stops the chunks in work and gives them back. */
  stop(): Promise<void>;
}

/** Milliseconds between two renewals and claims without a wake-up. A cancelled run stops within this time if its wake-up is lost. */
const tickMs = 1_000;
/** Chunks of one chain at once. */
const maxChunks = 64;
const trimIntervalMs = 600_000;
/** Ended runs are kept for 30 days. */
const retentionSeconds = 30 * 86_400;

interface ActiveChunk {
  readonly chunk: Chunk;
  readonly lost: AbortController;
  readonly ended: Promise<void>;
}

/** Starts the execution. */
export function startRunExecutor(deps: RunExecutorDeps): RunExecutor {
  const { store, dispatcher, workers, pubsub, clock, logger, owner } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const active = new Map<string, ActiveChunk>();
  const wakeUp = createWakeUp();
  const unsubscribe = pubsub.subscribe(runsTopic, wakeUp.notify);
  const stopListening = workers.onChange(wakeUp.notify);

  const start = (chunk: Chunk): void => {
    const key = chunkKey(chunk);
    const lost = new AbortController();
    const ended = executeChunk(deps, chunk, { lost: lost.signal, stopping: signal })
      .catch((error: unknown) =>
        logger.warn({ error, chunk: chunk.id }, "The end of a chunk was not recorded."),
      )
      .finally(() => {
        active.delete(key);
        wakeUp.notify();
      });
    active.set(key, { chunk, lost, ended });
  };

  const claimFor = async (chain: ChainRef): Promise<void> => {
    const mine = [...active.values()].filter(
      ({ chunk }) => chainName(chunk.chain) === chainName(chain),
    ).length;
    const limit = Math.min(dispatcher.capacity(chain, "background"), maxChunks) - mine;
    if (limit <= 0) return;
    for (const chunk of await store.claimChunks(owner, { chain, limit })) start(chunk);
  };

  /** Stops the chunks that belong to another manager now, or whose run was cancelled. */
  const renew = async (): Promise<void> => {
    const held = [...active.values()];
    const kept = await store.renewChunks(held.map(({ chunk }) => chunk));
    for (const { chunk, lost } of held) {
      if (!kept.has(chunk.id)) lost.abort(new Error(`The lease of chunk ${chunk.id} is lost.`));
    }
  };

  const run = async (): Promise<void> => {
    let trimAt = clock.monotonic() + trimIntervalMs;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (active.size > 0) await renew();
        for (const chain of onlineChains(workers)) await claimFor(chain);
        if (clock.monotonic() >= trimAt) {
          trimAt = clock.monotonic() + trimIntervalMs;
          await store.trimRuns(retentionSeconds);
        }
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ error }, "Claiming chunks of runs failed. It is retried.");
      }
      await waitAtMost(wakeUp, { clock, ms: tickMs, signal });
    }
  };
  const running = run();

  return {
    get active() {
      return active.size;
    },
    stop: async () => {
      unsubscribe();
      stopListening();
      stopping.abort(new Error("The manager stops."));
      await running;
      await Promise.all([...active.values()].map(({ ended }) => ended));
    },
  };
}

function onlineChains(workers: Workers): ChainRef[] {
  const online = workers.list().filter(({ state }) => state === "ONLINE");
  return [...new Map(online.map(({ chain }) => [chainName(chain), chain])).values()];
}
