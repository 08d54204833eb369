// The health check of a manager: ready only if the database responds and every followed chain makes progress.
// Progress is what the schedules store, whichever manager follows the chain, by the database's clock.
import type { Client } from "../client/port.js";
import { chainName, sameChain, type ChainRef } from "../domain/chain.js";
import type { Schedule } from "../domain/schedule.js";
import type { HealthReport } from "../http/endpoint.js";
import { errorMessage } from "../lib/error-message.js";

/** The services that the health check uses. */
export interface HealthCheckOptions {
  readonly client: Pick<Client, "ready" | "schedules" | "workers">;
  /** The chains that had a worker at this manager since its start; empty if it runs no schedules. */
  observed(): readonly ChainRef[];
  /** Milliseconds without progress after which a followed chain counts as stalled. */
  readonly stalledMs: number;
}

/** Creates the check. It reports not ready if the database does not respond or a followed chain is stalled. */
export function createHealthCheck({
  client,
  observed,
  stalledMs,
}: HealthCheckOptions): () => Promise<HealthReport> {
  /** Following starts with the first online worker of a chain, so a chain is not stalled before `stalledMs` from then. */
  const firstSeen = new Map<string, number>();

  const isStalled = (schedule: Schedule): boolean => {
    const name = chainName(schedule.chain);
    const since = firstSeen.get(name) ?? schedule.asOf;
    firstSeen.set(name, since);
    return schedule.asOf - Math.max(schedule.lastSuccess ?? 0, since) > stalledMs;
  };
  const workerReasons = (chain: ChainRef): string[] =>
    client.workers(chain).some(({ state }) => state === "ONLINE")
      ? []
      : ["No worker of this chain is online."];
  const scheduleReasons = (schedule: Schedule): string[] => [
    ...(schedule.last?.error === undefined
      ? []
      : [`The last step of following failed: ${schedule.last.error}`]),
    ...(isStalled(schedule)
      ? [`No step of following succeeded for ${Math.round(stalledMs / 1_000)} s.`]
      : []),
  ];

  return async () => {
    try {
      await client.ready();
      const chains = distinctChains([...observed(), ...client.workers().map(({ chain }) => chain)]);
      const followed = (await client.schedules()).filter(
        ({ kind, enabled, chain }) =>
          kind === "LASTDATA" && enabled && observed().some((each) => sameChain(each, chain)),
      );
      const reasons = distinctChains(followed.filter(isStalled).map(({ chain }) => chain)).map(
        (chain) => `Following ${chainName(chain)} is stalled.`,
      );
      return {
        ready: reasons.length === 0,
        reasons,
        chains: chains.map((chain) => ({
          ...chain,
          reasons: [
            ...workerReasons(chain),
            ...followed.filter((each) => sameChain(each.chain, chain)).flatMap(scheduleReasons),
          ],
        })),
      };
    } catch (error) {
      return { ready: false, reasons: [errorMessage(error)], chains: [] };
    }
  };
}

function distinctChains(chains: readonly ChainRef[]): readonly ChainRef[] {
  return chains.filter((chain, at) => chains.findIndex((other) => sameChain(other, chain)) === at);
}
