// Puts the use cases together. Imports the use cases and the ports that they need.
// Reads go to the store unchanged, except for the spelling of hashes.
// Independent of HTTP, GraphQL, gRPC and SQL.
import type { Dispatcher, Workers } from "../connectivity/port.js";
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store } from "../store/port.js";
import { createAnnouncements } from "./announcements.js";
import { createCommitter } from "./committer.js";
import {
  startEmbeddedScheduler,
  type EmbeddedScheduler,
  type SchedulerSettings,
} from "./embedded-scheduler.js";
import { createFetch } from "./fetch.js";
import { createFollow } from "./follow.js";
import { normalizeFilter, type Normalizer } from "./normalization.js";
import type { Client, FetchTarget } from "./port.js";
import { createRetryQuarantined } from "./retry-quarantined.js";
import { startRunExecutor, type RunExecutor } from "./run-executor.js";
import { createRunManagement } from "./runs.js";
import { createScheduleManagement } from "./schedules.js";
import { createScrapeLatest, defaultFollowHeights } from "./scrape-latest.js";
import { createStoreHeights } from "./store-heights.js";
import { createWaitForHeight } from "./wait.js";
import { createWatchRun } from "./watch-run.js";
import { createWatch } from "./watch.js";

/** The services that the client uses. */
export interface ClientDeps {
  readonly store: Store;
  readonly pubsub: PubSub;
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly normalizer: Normalizer;
  /** Names this process in leases. */
  readonly owner: string;
  /** The most heights in one step of following; 1000 by default. */
  readonly maxFollowHeights?: number;
  /** Aborts when the manager stops. */
  readonly closing: AbortSignal;
  /** The height at which the index of a new chain begins. */
  readonly followFrom?: Height;
}

/** The client of a process, with the functions for its owner. */
export interface OwnedClient extends Client {
  /** Starts to execute the chunks of runs. */
  executeRuns(): RunExecutor;
  /** Starts to run schedules of the chains that have a worker at this manager. */
  startScheduler(settings: SchedulerSettings): EmbeddedScheduler;
  /** Stops the background work. */
  close(): Promise<void>;
}

/** Creates the client. */
export async function createClient(deps: ClientDeps): Promise<OwnedClient> {
  const { store, pubsub, workers, normalizer } = deps;
  const { normalizeHash } = normalizer;
  const announcements = await createAnnouncements(deps);
  const committer = createCommitter(deps);
  const fetch = createFetch({ ...deps, committer });
  const storeHeights = createStoreHeights({ ...deps, committer });
  const follow = createFollow({ ...deps, committer, storeHeights });
  const retryQuarantined = createRetryQuarantined({ store, storeHeights });

  const normalizeTarget = (chain: ChainRef, target: FetchTarget): FetchTarget =>
    "hash" in target ? { hash: normalizeHash(chain, target.hash) } : target;

  const runs = createRunManagement(deps);
  const watch = createWatch({ ...deps, announcements });

  return {
    chains: store.chains,
    chain: store.chain,
    waitForHeight: createWaitForHeight({ ...deps, announcements }),
    blocksAt: store.blocksAt,
    blockByHash: (chain, hash) => store.blockByHash(chain, normalizeHash(chain, hash)),
    blocks: store.blocks,
    countBlocks: store.countBlocks,
    transactionByHash: (chain, hash, columns) =>
      store.transactionByHash(chain, normalizeHash(chain, hash), columns),
    transactions: (filter, page, columns) =>
      store.transactions(normalizeFilter(filter, normalizer), page, columns),
    countTransactions: (filter, exact) => store.countTransactions(normalizeFilter(filter, normalizer), exact),
    indexed: store.indexed,
    coverage: store.verifyCoverage,
    fetch: (request, signal) =>
      fetch({ ...request, target: normalizeTarget(request.chain, request.target) }, signal),
    scrapeLatest: createScrapeLatest({ ...deps, follow }),
    ...createScheduleManagement(store),
    retryQuarantined,
    ...runs,
    workers: workers.list,
    watchRun: createWatchRun(deps),
    ...watch,
    watchTransactions: (filter, columns, signal) =>
      watch.watchTransactions(normalizeFilter(filter, normalizer), columns, signal),
    ready: store.ready,
    database: store.kind,
    pubsub: pubsub.kind,
    executeRuns: () => startRunExecutor({ ...deps, storeHeights }),
    startScheduler: (settings) =>
      startEmbeddedScheduler({
        ...deps,
        follow,
        retryQuarantined,
        maxHeights: deps.maxFollowHeights ?? defaultFollowHeights,
        startBackfill: async (chain, heights) => {
          const { run } = await runs.startRun({
            chain,
            heights,
            mode: "MISSING",
            window: 1_000,
            force: false,
          });
          return run;
        },
        ...settings,
      }),
    close: announcements.close,
  };
}
