// Endpoints of a fake chain on a manual clock: latency, faults, chain id and newest block are variables of each node.
import { EndpointError } from "../chains/endpoint-error.js";
import { createEndpoints, type Endpoints, type EndpointsOptions } from "../chains/endpoints.js";
import type { ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import { silentLogger } from "../lib/logger.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";

/** A node whose behaviour a test changes. */
export interface VariableNode {
  readonly name: string;
  /** Milliseconds before it responds. */
  latency: number;
  chainId: string;
  head: number;
  fault: (() => Error) | undefined;
  calls: number;
}

/** The fault of a node that cannot be reached. */
export const connectionRefused = (): Error => new EndpointError("unavailable", "the connection was refused");

/** Creates a node that responds at once. */
export function variableNode(name: string, rest: Partial<VariableNode> = {}): VariableNode {
  return { name, latency: 0, chainId: "1", head: 100, fault: undefined, calls: 0, ...rest };
}

/** Endpoints over variable nodes. */
export interface VariableEndpoints {
  readonly clock: ManualClock;
  readonly endpoints: Endpoints<VariableNode>;
  /** Calls an endpoint and returns its name. */
  readonly callName: () => Promise<string>;
  readonly head: () => Promise<ChainHead>;
}

/** Creates endpoints over nodes; cooldowns have no random part. */
export function createVariableEndpoints(
  nodes: readonly VariableNode[],
  rest: Partial<EndpointsOptions<VariableNode>> = {},
): VariableEndpoints {
  const { signal } = new AbortController();
  const clock = createManualClock();
  const endpoints = createEndpoints<VariableNode>({
    chain: { network: "test", chainId: "1" },
    endpoints: nodes.map((client) => ({ name: client.name, client })),
    identify: async (client) => client.chainId,
    timeoutMs: 1000,
    clock,
    logger: silentLogger(),
    random: () => 1,
    ...rest,
  });
  const respond = async (client: VariableNode): Promise<VariableNode> => {
    client.calls += 1;
    if (client.latency > 0) await clock.sleep(client.latency);
    if (client.fault !== undefined) throw client.fault();
    return client;
  };
  return {
    clock,
    endpoints,
    callName: () => endpoints.call(async (client) => (await respond(client)).name, { signal }),
    head: () => endpoints.head(async (client) => ({ height: (await respond(client)).head }), signal),
  };
}

/** The outcome of a promise after the clock has moved on. */
export async function outcomeAfter<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await clock.advance(ms);
  return promise;
}

/** The TaskFailure by which a promise rejects. */
export async function taskFailureOf(promise: Promise<unknown>): Promise<TaskFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TaskFailure)) throw new Error(`not a TaskFailure: ${String(error)}`);
  return error;
}
