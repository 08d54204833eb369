// Puts the use cases together. Reads pass to the store as they are: there is no rule to add to them.
import type { Dispatcher, Workers } from "../connectivity/port.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Metrics } from "../lib/metrics.js";
import type { PubSub } from "../pubsub/port.js";
import type { Store } from "../store/port.js";
import { createAnnouncements } from "./announcements.js";
import { createCommitter } from "./committer.js";
import { createFetch } from "./fetch.js";
import { spellFilter, type SpellAccount } from "./filter-spelling.js";
import { createFollow } from "./follow.js";
import { createRetryQuarantined } from "./retry-quarantined.js";
import type { Client } from "./port.js";
import { createWait } from "./wait.js";
import { createWatch } from "./watch.js";

export interface ClientDeps {
  readonly store: Store;
  readonly pubsub: PubSub;
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Returns an account address as the store spells it. */
  readonly spellAccount: SpellAccount;
  /** Aborts when the manager ends. */
  readonly closing: AbortSignal;
}

/** Creates the client; `close` ends what it runs in the background. */
export async function createClient(deps: ClientDeps): Promise<Client & { close(): Promise<void> }> {
  const { store, pubsub, workers, spellAccount } = deps;
  const announcements = await createAnnouncements(deps);
  const committer = createCommitter(deps);
  const watch = createWatch({ ...deps, announcements });

  return {
    chains: store.chains,
    chain: store.chain,
    waitForHeight: createWait({ ...deps, announcements }),
    blocksAt: store.blocksAt,
    blockByHash: store.blockByHash,
    blocks: store.blocks,
    countBlocks: store.countBlocks,
    transactionByHash: store.transactionByHash,
    transactions: (filter, page, columns) =>
      store.transactions(spellFilter(filter, spellAccount), page, columns),
    countTransactions: (filter, exact) => store.countTransactions(spellFilter(filter, spellAccount), exact),
    indexed: store.indexed,
    coverage: store.verifyCoverage,
    fetch: createFetch({ ...deps, committer }),
    followLatest: createFollow({ ...deps, committer }),
    retryQuarantined: createRetryQuarantined({ ...deps, committer }),
    workers: workers.list,
    ...watch,
    watchTransactions: (filter, columns, signal) =>
      watch.watchTransactions(spellFilter(filter, spellAccount), columns, signal),
    ready: store.ready,
    database: store.kind,
    pubsub: pubsub.kind,
    close: announcements.close,
  };
}
