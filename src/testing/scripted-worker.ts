// A worker whose messages a test determines; it replies to PINGs by default.
import type { WorkerChannel } from "../connectivity/protocol/channel.js";
import {
  supportedFeatures,
  type FinalFrame,
  type ManagerFrame,
  type PartFrame,
  type Item,
  type PongFrame,
  type TaskFrame,
} from "../connectivity/protocol/frames.js";
import type { CountingChain } from "./counting-chain.js";
import { until } from "./until.js";

/** A scripted worker. */
export interface ScriptedWorker {
  /** The frames that arrived, in order. */
  readonly frames: readonly ManagerFrame[];
  readonly tasks: readonly TaskFrame[];
  /** The frames that are neither PINGs nor tasks. */
  readonly notes: readonly Extract<ManagerFrame, { kind: "credit" | "cancel" }>[];
  /** The fields of PONGs; undefined replies to no PING. */
  pong: Partial<PongFrame> | undefined;
  /** Resolves with the task at this position. */
  task(at: number): Promise<TaskFrame>;
  /** Sends a part of a task with these fields. */
  part(task: TaskFrame, fields: Partial<PartFrame>): Promise<void>;
  final(task: TaskFrame, fields: Partial<FinalFrame>): Promise<void>;
  /** Sends whole heights of a chain in one part. */
  heights(task: TaskFrame, order: number, from: number, to: number): Promise<void>;
  readonly channel: WorkerChannel;
}

/** Starts a scripted worker on its end of a stream. */
export function startScriptedWorker(channel: WorkerChannel, chain: CountingChain): ScriptedWorker {
  const frames: ManagerFrame[] = [];
  const tasks = (): TaskFrame[] => frames.filter((frame) => frame.kind === "task");
  const worker: ScriptedWorker = {
    frames,
    channel,
    get tasks() {
      return tasks();
    },
    get notes() {
      return frames.filter((frame) => frame.kind === "credit" || frame.kind === "cancel");
    },
    pong: { features: supportedFeatures },
    task: (at) => until(`task ${at}`, () => tasks()[at]),
    part: ({ id, lease }, fields) =>
      channel.send({ kind: "part", id, lease, order: 0, items: [], bytes: 0, ...fields }),
    final: ({ id, lease }, fields) =>
      channel.send({
        kind: "final",
        id,
        lease,
        order: 0,
        items: [],
        outcome: "complete",
        count: fields.order ?? 0,
        bytes: 0,
        ...fields,
      }),
    heights: (task, order, from, to) =>
      worker.part(task, { order, items: itemsOf(chain, from, to), cursor: to }),
  };

  const read = async (): Promise<void> => {
    for await (const frame of channel.frames) {
      frames.push(frame);
      if (frame.kind !== "ping" || worker.pong === undefined) continue;
      await channel.send({
        kind: "pong",
        id: frame.id,
        features: [],
        draining: false,
        capacity: 8,
        ...worker.pong,
      });
    }
  };
  read().catch(() => undefined);
  return worker;
}

/** Returns the items of whole heights. */
export function itemsOf(chain: CountingChain, from: number, to: number): Item[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at).flatMap((height) => {
    const block = chain.block(height);
    const transactions = Array.from({ length: block.transactionCount }, (_, index): Item => ({
      kind: "transaction",
      transaction: chain.transaction(height, index),
    }));
    return [{ kind: "block", block }, ...transactions];
  });
}
