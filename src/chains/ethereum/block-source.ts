// Reads complete heights, transactions and balances from the nodes of one chain.
// Imports only domain, lib, chains/endpoints and its own folder.
// Never returns a height whose block, transactions and receipts are inconsistent.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { toError } from "../../lib/error-message.js";
import { EndpointError } from "../endpoint-error.js";
import type { Endpoints } from "../endpoints.js";
import type { EthereumNode, RawEthereumTransaction } from "./node.js";
import type { RawEthereumHeight } from "./raw-height.js";

/** Consecutive heights from the first requested one; `failure` is the reason why the next one is absent. */
export interface HeightBatch {
  readonly heights: readonly RawEthereumHeight[];
  readonly failure?: Error;
  /** Size of the nodes' responses in bytes. */
  readonly bytes: number;
}

/** Reads one chain from its nodes. */
export interface BlockSource {
  /** Returns the newest block. */
  head(signal: AbortSignal): Promise<ChainHead>;
  /** Returns up to `count` heights from `from`. Rejects only on abort. */
  readBatch(from: Height, count: number, signal: AbortSignal): Promise<HeightBatch>;
  /** Reads a height and its predecessor together until they link, and returns the height. */
  readLinked(height: Height, signal: AbortSignal): Promise<RawEthereumHeight>;
  /** Returns a transaction with its receipt and its block. */
  transaction(hash: string, signal: AbortSignal): Promise<RawEthereumTransaction>;
  /** Returns an account's balance after a height, in wei. */
  balance(account: string, height: Height, signal: AbortSignal): Promise<bigint>;
}

/** Milliseconds before each read of an inconsistent height: at the head, a node stores a block in several steps. */
const inconsistentRetryDelays = [0, 50, 100, 200, 400];

/** Creates a source over the nodes. */
export function createBlockSource(endpoints: Endpoints<EthereumNode>, clock: Clock): BlockSource {
  /** Reads one height, and repeats the read while the node's data is inconsistent. */
  function readConsistent(
    height: Height,
    signal: AbortSignal,
  ): Promise<{ value: RawEthereumHeight; bytes: number }> {
    return endpoints.call(
      async (node, inner) => {
        let reason = "";
        for (const waitMs of inconsistentRetryDelays) {
          if (waitMs > 0) await clock.sleep(waitMs, inner);
          const { outcomes, bytes } = await node.heights([height], inner);
          const [outcome] = outcomes;
          if (outcome?.kind === "complete") return { value: outcome.value, bytes };
          if (outcome?.kind === "missing") throw outcome.error;
          reason = outcome?.reason ?? "";
        }
        throw inconsistent(`The node's data of height ${height} is inconsistent: ${reason}.`, height);
      },
      { signal, weight: 2 },
    );
  }

  return {
    head: (signal) => endpoints.head((node, inner) => node.head(inner), signal),

    async readBatch(from, count, signal) {
      const requested = Array.from({ length: count }, (_, at) => from + at);
      const heights: RawEthereumHeight[] = [];
      let bytes = 0;
      try {
        const first = await endpoints.call((node, inner) => node.heights(requested, inner), {
          signal,
          weight: 2 * count,
        });
        bytes += first.bytes;
        for (const [at, outcome] of first.outcomes.entries()) {
          if (outcome.kind === "complete") {
            heights.push(outcome.value);
            continue;
          }
          const again = await readConsistent(from + at, signal);
          bytes += again.bytes;
          heights.push(again.value);
        }
        return { heights, bytes };
      } catch (error) {
        signal.throwIfAborted();
        return { heights, bytes, failure: toError(error) };
      }
    },

    readLinked: (height, signal) =>
      endpoints.call(
        async (node, inner) => {
          for (const waitMs of inconsistentRetryDelays) {
            if (waitMs > 0) await clock.sleep(waitMs, inner);
            const { outcomes } = await node.heights([height - 1, height], inner);
            const [before, current] = outcomes;
            if (current?.kind === "missing") throw current.error;
            if (before?.kind !== "complete" || current?.kind !== "complete") continue;
            if (current.value.parentHash === before.value.hash) return current.value;
          }
          throw inconsistent(
            `The parent hash of height ${height} does not match height ${height - 1} after ${inconsistentRetryDelays.length} reads.`,
            height,
          );
        },
        { signal, weight: 4 },
      ),

    transaction: (hash, signal) =>
      endpoints.call((node, inner) => node.transaction(hash, inner), { signal, weight: 3 }),

    balance: (account, height, signal) =>
      endpoints.call((node, inner) => node.balance(account, height, inner), { signal, weight: 2 }),
  };
}

/** The endpoint does not cool down: the data is missing, and another node may have it. */
function inconsistent(message: string, height: Height): EndpointError {
  const failure = new TaskFailure(message, "other-worker", { type: "inconsistent", height });
  return new EndpointError("missing", message, { failure });
}
