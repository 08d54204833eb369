// Heights, transactions and balances from several nodes of one chain, each whole or not at all.
// Imports only domain, lib, chains/endpoints and its own folder.
// Never passes on a height whose block, transactions and receipts do not belong together.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { EndpointError } from "../endpoint-error.js";
import type { Endpoints } from "../endpoints.js";
import type { EthereumNode, RawEthereumTransaction } from "./node.js";
import type { RawEthereumHeight } from "./raw-height.js";

/** Heights in order from the first one asked for; with `failure`, it is why the next one could not be had. */
export interface HeightRun {
  readonly heights: readonly RawEthereumHeight[];
  readonly failure?: Error;
  /** What the nodes sent, in bytes. */
  readonly bytes: number;
}

export interface BlockSource {
  head(signal: AbortSignal): Promise<ChainHead>;
  /** `count` heights from `from` on. Rejects only where aborted. */
  run(from: Height, count: number, signal: AbortSignal): Promise<HeightRun>;
  /** The height again, read together with the one before it until they link; and whether `parentHash` was replaced. */
  linked(height: Height, signal: AbortSignal): Promise<RawEthereumHeight>;
  transaction(hash: string, signal: AbortSignal): Promise<RawEthereumTransaction>;
  balance(account: string, height: Height, signal: AbortSignal): Promise<bigint>;
}

/** Waits between readings of a height that is not of one piece, in milliseconds: a node needs a moment at the head. */
const inconsistentRetryDelays = [0, 50, 100, 200, 400];

/** Creates a source. */
export function createBlockSource(endpoints: Endpoints<EthereumNode>, clock: Clock): BlockSource {
  /** One height from a node that has it whole, read again while it is torn. */
  function readOne(
    height: Height,
    signal: AbortSignal,
  ): Promise<{ value: RawEthereumHeight; bytes: number }> {
    return endpoints.call(
      async (node, inner) => {
        let why = "";
        for (const waitMs of inconsistentRetryDelays) {
          if (waitMs > 0) await clock.sleep(waitMs, inner);
          const { outcomes, bytes } = await node.heights([height], inner);
          const [outcome] = outcomes;
          if (outcome?.kind === "whole") return { value: outcome.value, bytes };
          if (outcome?.kind === "missing") throw outcome.error;
          why = outcome?.why ?? "";
        }
        throw inconsistent(`Height ${height} is not of one piece: ${why}.`, height);
      },
      { signal, weight: 2 },
    );
  }

  return {
    head: (signal) => endpoints.head((node, inner) => node.head(inner), signal),

    async run(from, count, signal) {
      const wanted = Array.from({ length: count }, (_, at) => from + at);
      const heights: RawEthereumHeight[] = [];
      let bytes = 0;
      try {
        const first = await endpoints.call((node, inner) => node.heights(wanted, inner), {
          signal,
          weight: 2 * count,
        });
        bytes += first.bytes;
        for (const [at, outcome] of first.outcomes.entries()) {
          if (outcome.kind === "whole") {
            heights.push(outcome.value);
            continue;
          }
          const again = await readOne(from + at, signal);
          bytes += again.bytes;
          heights.push(again.value);
        }
        return { heights, bytes };
      } catch (error) {
        signal.throwIfAborted();
        return { heights, bytes, failure: error instanceof Error ? error : new Error(String(error)) };
      }
    },

    linked: (height, signal) =>
      endpoints.call(
        async (node, inner) => {
          for (const waitMs of inconsistentRetryDelays) {
            if (waitMs > 0) await clock.sleep(waitMs, inner);
            const { outcomes } = await node.heights([height - 1, height], inner);
            const [before, current] = outcomes;
            if (current?.kind === "missing") throw current.error;
            if (before?.kind !== "whole" || current?.kind !== "whole") continue;
            if (current.value.parentHash === before.value.hash) return current.value;
          }
          throw inconsistent(
            `Height ${height} does not follow on the one before it, however often it is read.`,
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

/** Another node may be further; none has to rest for it. */
function inconsistent(message: string, height: Height): EndpointError {
  const failure = new TaskFailure(message, "other-worker", { type: "inconsistent", height });
  return new EndpointError("missing", message, { failure });
}
