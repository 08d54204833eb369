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
import { createFetch } from "./fetch.js";
import { createFollow } from "./follow.js";
import { normalizeFilter, type Normalizer } from "./normalization.js";
import type { Client, FetchTarget } from "./port.js";
import { createRetryQuarantined } from "./retry-quarantined.js";
import { createWaitForHeight } from "./wait.js";
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
  /** Aborts when the manager stops. */
  readonly closing: AbortSignal;
  /** The height at which the index of a new chain begins. */
  readonly followFrom?: Height;
}

/** Creates the client; `close` stops its background work. */
export async function createClient(deps: ClientDeps): Promise<Client & { close(): Promise<void> }> {
  const { store, pubsub, workers, normalizer } = deps;
  const { normalizeHash } = normalizer;
  const announcements = await createAnnouncements(deps);
  const committer = createCommitter(deps);
  const fetch = createFetch({ ...deps, committer });

  const normalizeTarget = (chain: ChainRef, target: FetchTarget): FetchTarget =>
    "hash" in target ? { hash: normalizeHash(chain, target.hash) } : target;

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
    followLatest: createFollow({ ...deps, committer }),
    retryQuarantined: createRetryQuarantined({ ...deps, committer }),
    workers: workers.list,
    ...watch,
    watchTransactions: (filter, columns, signal) =>
      watch.watchTransactions(normalizeFilter(filter, normalizer), columns, signal),
    ready: store.ready,
    database: store.kind,
    pubsub: pubsub.kind,
    close: announcements.close,
  };
}
