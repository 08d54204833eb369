// A manager's connectivity for tests: a clock that the test moves, workers that it attaches, tasks that it runs.
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

/** A task whose parts are gathered as they come. */
export interface RunningTask {
  readonly taskId: string;
  readonly parts: readonly Part[];
  readonly answers: readonly TaskResult[];
  readonly heights: readonly number[];
  /** Resolves when the task is over; rejects as it does. */
  readonly done: Promise<void>;
  /** Resolves when so many heights are there. */
  reached(heights: number): Promise<void>;
}

export interface ManagerBench extends Connectivity {
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  /** Attaches a worker and waits until it is online. */
  online(workerId: string, connect: () => ManagerChannel): Promise<void>;
  attach(workerId: string, connect: () => ManagerChannel): () => void;
  run(request: TaskRequest, options?: Partial<TaskOptions> & { readonly acknowledge?: boolean }): RunningTask;
  heights(from: number, to: number, options?: Parameters<ManagerBench["run"]>[1]): RunningTask;
  dropped(reason: string): Promise<number>;
}

/** Creates the connectivity; closed by the test. */
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

  const run: ManagerBench["run"] = (request, { acknowledge = true, ...given } = {}) => {
    const task = dispatcher.run(request, {
      signal: new AbortController().signal,
      priority: "interactive",
      caller: "tests",
      ...given,
    });
    const parts: Part[] = [];
    const gather = async (): Promise<void> => {
      for await (const part of task.parts) {
        parts.push(part);
        if (acknowledge) part.acknowledge();
      }
    };
    const done = gather();
    done.catch(() => undefined);
    const answers = (): TaskResult[] => parts.flatMap((part) => part.results);
    const heights = (): number[] =>
      answers().flatMap((answer) => (answer.kind === "height" ? [answer.block.height] : []));
    return {
      taskId: task.taskId,
      parts,
      get answers() {
        return answers();
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
      attach(workerId, connect);
      await until(`${workerId} online`, () =>
        workers.list().some((each) => each.workerId === workerId && each.state === "ONLINE"),
      );
    },
    run,
    heights: (from, to, given) => run({ kind: "heights", chain: countingChain, range: { from, to } }, given),
    async dropped(reason) {
      const found = await metrics.getSingleMetric("indexer_messages_dropped_total")?.get();
      return found?.values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
    },
  };
}

/** The heights `from` to `to`. */
export function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
