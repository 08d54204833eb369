// A deterministic chain generated from a seed, with injected faults, for demonstrations, tests and benchmarks.
// Imports only domain, lib and its own folder.
// Never keeps a block: it generates each block on request.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import type { ChainReader } from "../port.js";
import { createAccounts } from "./accounts.js";
import { createLedger } from "./ledger.js";
import { resolveDemoOptions, type DemoOptions } from "./options.js";

/** The network of every demo chain. */
export const demoNetwork = "demo";

/** Heights between two yields to the event loop, since generating blocks is pure computation. */
const heightsPerTurn = 32;

/** Creates a reader of a demo chain. Readers with the same options agree on every block, in every process. */
export function createDemoChain(options: DemoOptions = {}): ChainReader {
  const settings = resolveDemoOptions(options);
  const { clock, faults, firstHeight, reorg } = settings;
  const chain = { network: demoNetwork, chainId: settings.chainId };
  const accounts = createAccounts(settings.seed, settings.accounts);
  const ledger = createLedger(chain, settings, accounts);
  let attemptedHeights = 0;

  const headHeight = (): Height => {
    const elapsed = Math.max(0, clock.now() - settings.genesis);
    return settings.initialHeights + Math.floor((elapsed / 1000) * settings.ratePerSecond);
  };
  /** Returns the branch of a height's block under a head: 1 if a reorganisation replaced the block. */
  const branchAt =
    (head: Height) =>
    (height: Height): number => {
      if (reorg === undefined) return 0;
      const turn = Math.ceil((height + 1) / reorg.every) * reorg.every;
      return height >= turn - reorg.depth && head >= turn ? 1 : 0;
    };

  async function* heights(from: Height, to: Height, signal: AbortSignal): AsyncGenerator<TaskResult, void> {
    if (from < firstHeight) {
      throw new TaskFailure(`Height ${from} is below the chain's first height ${firstHeight}.`, "never", {
        type: "not_found",
        height: from,
      });
    }
    for (let height = from; height <= to; height += 1) {
      if ((height - from) % heightsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      if (isMultiple(height, faults.slow?.heights)) await clock.sleep(faults.slow?.ms ?? 0, signal);
      signal.throwIfAborted();
      injectFaults(height);
      const head = headHeight();
      if (height > head) throw aboveHead(height, head);
      if (isMultiple(height, faults.quarantineEvery)) {
        yield { kind: "quarantine", height, error: "Injected fault: the height cannot be decoded." };
        continue;
      }
      const { block, transactions } = ledger.data(height, branchAt(head));
      const extra = isMultiple(height, faults.miscountEvery) ? 1 : 0;
      const transactionCount = block.transactionCount + extra;
      yield { kind: "height", block: { ...block, transactionCount }, transactions };
    }
  }

  function injectFaults(height: Height): void {
    attemptedHeights += 1;
    if (faults.crashAt?.height === height) faults.crashAt.crash();
    if (isMultiple(attemptedHeights, faults.failEvery)) {
      throw new TaskFailure("Injected fault: the endpoint is unavailable.", "other-worker", {
        type: "unavailable",
        height,
      });
    }
    if (isMultiple(attemptedHeights, faults.limitEvery?.heights)) {
      throw new TaskFailure("Injected fault: the endpoint limits requests.", "same-worker", {
        type: "rate_limited",
        height,
        retryAfterMs: faults.limitEvery?.retryAfterMs ?? 0,
      });
    }
  }

  function transaction(hash: string): TaskResult {
    const head = headHeight();
    const place = ledger.placeOf(hash);
    if (place !== undefined && place.height >= firstHeight && place.height <= head) {
      const { block, transactions } = ledger.data(place.height, branchAt(head));
      const found = transactions[place.index];
      if (found?.hash === hash.toLowerCase()) return { kind: "transaction", block, transaction: found };
    }
    throw new TaskFailure(`The chain has no transaction '${hash}'.`, "never", { type: "not_found" });
  }

  function account(request: Extract<TaskRequest, { readonly account: string }>): TaskResult {
    const { kind, height, account: id } = request;
    const head = headHeight();
    if (height > head) throw aboveHead(height, head);
    switch (kind) {
      case "reward":
        return { kind, height, rewards: accounts.rewards(id, height) };
      case "balance":
        return { kind, height, balances: accounts.balances(id, height) };
      case "delegations":
        return { kind, height, delegations: accounts.delegations(id) };
    }
  }

  async function* execute(request: TaskRequest, signal: AbortSignal): AsyncGenerator<TaskResult, void> {
    signal.throwIfAborted();
    if (settings.latencyMs > 0) await clock.sleep(settings.latencyMs, signal);
    switch (request.kind) {
      case "heights":
        yield* heights(request.range.from, request.range.to, signal);
        return;
      case "latest": {
        const head = headHeight();
        const next = request.after === undefined ? head - request.limit + 1 : request.after.height + 1;
        const from = Math.max(firstHeight, next);
        yield* heights(from, Math.min(head, from + request.limit - 1), signal);
        return;
      }
      case "transaction":
        yield transaction(request.hash);
        return;
      case "reward":
      case "balance":
      case "delegations":
        yield account(request);
        return;
    }
  }

  return {
    chain,
    capabilities: ["heights", "transaction", "latest", "reward", "balance", "delegations"],
    async head(signal): Promise<ChainHead> {
      if (settings.latencyMs > 0) await clock.sleep(settings.latencyMs, signal);
      const height = headHeight();
      const { block } = ledger.data(height, branchAt(height));
      return { height, hash: block.hash, time: block.time, earliest: firstHeight };
    },
    execute,
    close: () => Promise.resolve(),
  };
}

function isMultiple(value: number, of: number | undefined): boolean {
  return of !== undefined && value % of === 0;
}

function aboveHead(height: Height, head: Height): TaskFailure {
  return new TaskFailure(`Height ${height} is above the chain's head ${head}.`, "other-worker", {
    type: "above_head",
    height,
  });
}
