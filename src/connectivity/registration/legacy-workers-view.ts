// The JSON of `GET /get_workers`, in the keys of protocol version 0.
// Imports only domain; never changes a worker.
import type { WorkerState, WorkerStatus } from "../../domain/worker.js";

interface LegacyWorker {
  readonly node_id: string;
  readonly type: string;
  readonly chain_id: string;
  readonly state: number;
  readonly connection: readonly unknown[];
  readonly last_check: string;
  readonly tasks: Readonly<Record<string, unknown>>;
}

/** The workers of one network, in the keys of legacy callers. */
export interface LegacyNetwork {
  readonly workers: Readonly<Record<string, LegacyWorker>>;
  readonly all: number;
  readonly active: number;
}

/** 0 unknown, 1 online, 2 error, 3 reconnecting, 4 closing, 5 offline. */
const legacyStates: Readonly<Record<WorkerState, number>> = {
  ONLINE: 1,
  CONNECTING: 3,
  DRAINING: 4,
  OFFLINE: 5,
};

/** Returns the JSON value: the workers by network. */
export function legacyWorkersView(statuses: readonly WorkerStatus[]): Record<string, LegacyNetwork> {
  const networks = new Map<string, WorkerStatus[]>();
  for (const each of statuses) {
    const { network } = each.chain;
    networks.set(network, [...(networks.get(network) ?? []), each]);
  }
  return Object.fromEntries(
    [...networks].map(([network, workers]) => [
      network,
      {
        workers: Object.fromEntries(workers.map((each) => [each.workerId, legacyWorker(each)])),
        all: workers.length,
        active: workers.filter(({ state }) => state === "ONLINE").length,
      },
    ]),
  );
}

function legacyWorker(status: WorkerStatus): LegacyWorker {
  const state = legacyStates[status.state];
  return {
    node_id: status.workerId,
    type: status.chain.network,
    chain_id: status.chain.chainId,
    state,
    connection: [{ version: status.version, type: "grpc", addresses: [{ ip: "", address: status.address }] }],
    last_check: new Date(status.lastSeen).toISOString(),
    tasks: {
      worker_id: status.workerId,
      ...(status.lastSent !== undefined && { last_send: new Date(status.lastSent).toISOString() }),
      stream_state: state,
      stream_id: status.workerId,
    },
  };
}
