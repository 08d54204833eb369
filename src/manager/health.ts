// The health check of a manager: ready only if the database responds and every followed chain makes progress.
import type { Client } from "../client/port.js";
import type { FollowStatus } from "../client/follower.js";
import { chainName, sameChain } from "../domain/chain.js";
import type { HealthReport } from "../http/endpoint.js";
import type { Clock } from "../lib/clock.js";
import { errorMessage } from "../lib/error-message.js";

/** The services that the health check uses. */
export interface HealthCheckOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** The status of each followed chain; empty if this manager follows no chain. */
  followed(): readonly FollowStatus[];
  /** Milliseconds without progress after which a followed chain counts as stalled. */
  readonly stalledMs: number;
}

/** Creates the check. It reports not ready if the database does not respond or a followed chain is stalled. */
export function createHealthCheck({
  client,
  clock,
  followed,
  stalledMs,
}: HealthCheckOptions): () => Promise<HealthReport> {
  const startedAt = clock.now();

  const stalled = ({ lastSuccess }: FollowStatus): boolean =>
    clock.now() - (lastSuccess ?? startedAt) > stalledMs;
  const reasonsOf = (state: FollowStatus): string[] => {
    const workers = client.workers(state.chain).filter((worker) => worker.state === "ONLINE");
    return [
      ...(workers.length === 0 ? ["No worker of this chain is online."] : []),
      ...(state.error === undefined ? [] : [`The last step of following failed: ${state.error}`]),
      ...(stalled(state) ? [`No step of following succeeded for ${Math.round(stalledMs / 1_000)} s.`] : []),
    ];
  };

  return async () => {
    const reasons: string[] = [];
    try {
      await client.ready();
    } catch (error) {
      reasons.push(errorMessage(error));
    }
    const states = followed();
    for (const state of states.filter(stalled))
      reasons.push(`Following ${chainName(state.chain)} is stalled.`);
    const unfollowed = client
      .workers()
      .map(({ chain }) => chain)
      .filter((chain, at, all) => all.findIndex((other) => sameChain(other, chain)) === at)
      .filter((chain) => !states.some((state) => sameChain(state.chain, chain)));
    return {
      ready: reasons.length === 0,
      reasons,
      chains: [
        ...states.map((state) => ({ ...state.chain, reasons: reasonsOf(state) })),
        ...unfollowed.map((chain) => ({ ...chain, reasons: reasonsOf({ chain, lastSuccess: clock.now() }) })),
      ],
    };
  };
}
