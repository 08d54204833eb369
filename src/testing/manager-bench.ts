// The connectivity of a manager with a manual clock, and functions to attach workers and run tasks.
import type { ManagerChannel } from "../connectivity/protocol/channel.js";
import {
  createConnectivity,
  type Connectivity,
  type ConnectivityOptions,
} from "../connectivity/connectivity.js";
import type { Part, TaskOptions } from "../connectivity/port.js";
import type { TaskResult, TaskRequest } from "../domain/task.js";
import { silentLogger } from "../lib/logger.js";
import { createMetrics, type Metrics } from "../lib/metrics.js";
import { countingChain } from "./counting-chain.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { until } from "./until.js";

/** A task whose parts are collected as they arrive. */
export interface RunningTask {
  readonly taskId: string;
  readonly parts: readonly Part[];
  readonly results: readonly TaskResult[];
  readonly heights: readonly number[];
  /** Resolves when the task has ended; rejects with the error of the task. */
  readonly done: Promise<void>;
  /** Resolves when at least this many heights have arrived. */
  reached(heights: number): Promise<void>;
}

/** The connectivity of a manager under test. */
export interface ManagerBench extends Connectivity {
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  /** Attaches a worker and waits until it is online. */
  online(workerId: string, connect: () => ManagerChannel): Promise<void>;
  /** Attaches a worker without waiting. Returns a function that detaches it. */
  attach(workerId: string, connect: () => ManagerChannel): () => void;
  /** Runs a task. Acknowledges each part unless `acknowledge` is false. */
  run(request: TaskRequest, options?: Partial<TaskOptions> & { readonly acknowledge?: boolean }): RunningTask;
  /** Runs a task for the heights `from` to `to` of the counting chain. */
  heights(from: number, to: number, options?: Parameters<ManagerBench["run"]>[1]): RunningTask;
  /** Returns the number of messages that were dropped for a reason. */
  dropped(reason: string): Promise<number>;
}

/** Creates the connectivity. The test closes it. */
export function createManagerBench(options: Partial<ConnectivityOptions> = {}): ManagerBench {
  const clock = createManualClock();
  const metrics = createMetrics({ processMetrics: false });
  const connectivity = createConnectivity({
    logger: silentLogger(),
    metrics,
    clock,
    random: () => 0.5,
    drainMs: 0,
    ...options,
  });
  const { dispatcher, registry, workers } = connectivity;

  const attach = (workerId: string, connect: () => ManagerChannel): (() => void) =>
    registry.attach(connect, { workerId, chain: countingChain, version: "1" });

  const run: ManagerBench["run"] = (request, { acknowledge = true, ...overrides } = {}) => {
    const task = dispatcher.run(request, {
      signal: new AbortController().signal,
      priority: "interactive",
      caller: "tests",
      ...overrides,
    });
    const parts: Part[] = [];
    const collectParts = async (): Promise<void> => {
      for await (const part of task.parts) {
        parts.push(part);
        if (acknowledge) part.acknowledge();
      }
    };
    const done = collectParts();
    done.catch(() => undefined);
    const results = (): TaskResult[] => parts.flatMap((part) => part.results);
    const heights = (): number[] =>
      results().flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
    return {
      taskId: task.taskId,
      parts,
      get results() {
        return results();
      },
      get heights() {
        return heights();
      },
      done,
      async reached(count) {
        await until(`${count} heights`, () => heights().length >= count);
      },
    };
  };

  return {
    ...connectivity,
    clock,
    metrics,
    attach,
    async online(workerId, connect) {
      /** Attaches a worker without waiting. Returns a function that detaches it. */
      attach(workerId, connect);
      await until(`${workerId} online`, () =>
        workers.list().some((each) => each.workerId === workerId && each.state === "ONLINE"),
      );
    },
    run,
    heights: (from, to, runOptions) =>
      run({ kind: "heights", chain: countingChain, range: { from, to } }, runOptions),
    async dropped(reason) {
      const found = await metrics.getSingleMetric("indexer_messages_dropped_total")?.get();
      return found?.values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
    },
  };
}

/** Returns the heights `from` to `to`, both included. */
export function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
