// Workers without connectivity: tasks run on a counting chain in this process.
import type { Dispatcher, Part, TaskOptions, Workers } from "../connectivity/port.js";
import type { ChainRef } from "../domain/chain.js";
import type { TaskRequest } from "../domain/task.js";
import type { WorkerStatus } from "../domain/worker.js";
import type { CountingChain } from "./counting-chain.js";

/** Workers that a test controls. */
export interface DirectWorkers {
  readonly dispatcher: Dispatcher;
  readonly workers: Workers;
  /** The tasks so far, in order. */
  readonly tasks: { readonly request: TaskRequest; readonly options: TaskOptions }[];
  /** Parts that were acknowledged so far. */
  readonly acknowledged: number;
  /** Tasks in flight. */
  readonly inFlight: number;
  /** Adds or replaces a worker and notifies listeners. */
  report(status: Partial<WorkerStatus> & { readonly chain: ChainRef }): void;
}

/** Creates workers for chains. Each result is one part. Tasks of unknown chains never return a result. */
export function createDirectWorkers(chains: readonly CountingChain[]): DirectWorkers {
  const tasks: { readonly request: TaskRequest; readonly options: TaskOptions }[] = [];
  const statuses = new Map<string, WorkerStatus>();
  const listeners = new Set<(worker: WorkerStatus) => void>();
  let acknowledged = 0;
  let inFlight = 0;

  async function* partsOf(
    request: TaskRequest,
    { signal }: TaskOptions,
    taskId: string,
  ): AsyncGenerator<Part> {
    const chain = chains.find((each) => each.chain.chainId === request.chain.chainId);
    inFlight += 1;
    try {
      if (chain === undefined) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      let order = 0;
      for await (const result of chain?.execute(request, signal) ?? []) {
        signal.throwIfAborted();
        yield {
          taskId,
          order: order++,
          worker: "worker-1",
          results: [result],
          acknowledge: () => (acknowledged += 1),
        };
        signal.throwIfAborted();
      }
      signal.throwIfAborted();
    } finally {
      inFlight -= 1;
    }
  }

  return {
    tasks,
    get acknowledged() {
      return acknowledged;
    },
    get inFlight() {
      return inFlight;
    },
    report(status) {
      const worker: WorkerStatus = {
        workerId: "worker-1",
        version: "1",
        address: "in-process",
        state: "ONLINE",
        lastSeen: 0,
        inFlight: 0,
        capacity: 2,
        tasksDone: 0,
        tasksFailed: 0,
        capabilities: ["heads"],
        ...status,
      };
      statuses.set(`${worker.chain.chainId} ${worker.workerId}`, worker);
      for (const listener of listeners) listener(worker);
    },
    dispatcher: {
      capacity: () => 2,
      run(request, options) {
        tasks.push({ request, options });
        const taskId = `task-${tasks.length}`;
        return { taskId, parts: partsOf(request, options, taskId) };
      },
    },
    workers: {
      list: (filter = {}) =>
        [...statuses.values()].filter(
          ({ chain }) =>
            (filter.network ?? chain.network) === chain.network &&
            (filter.chainId ?? chain.chainId) === chain.chainId,
        ),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
}
