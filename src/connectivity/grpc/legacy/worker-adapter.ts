// Role: adapts a worker of protocol version 0 to the current protocol, at the manager.
// May import: domain, lib, connectivity/protocol and connectivity/grpc.
// Never decides about retries; never stores a result.
import { randomUUID } from "node:crypto";
import type { HeightRange } from "../../../domain/height.js";
import type { Clock } from "../../../lib/clock.js";
import { errorMessage, toError } from "../../../lib/error-message.js";
import { createQueue } from "../../../lib/queue.js";
import type { ByteBudget } from "../../protocol/byte-budget.js";
import type { Feature, ManagerFrame, WorkerFrame } from "../../protocol/frames.js";
import { encodeRequest } from "../requests.js";
import type { ChainById } from "../typed-values.js";
import { decodeLegacyResponse } from "./legacy-responses.js";
import { createWorkerTask, type WorkerTask } from "./worker-task.js";

/** The stream of one worker. */
export interface WorkerAdapter {
  /** Sends a frame as the message that the worker understands. */
  send(frame: ManagerFrame): Promise<void>;
  /** Returns the frames of the worker, whose first PONG is already read. Iterated once. */
  frames(firstPong: Buffer, messages: AsyncIterable<Buffer>): AsyncIterable<WorkerFrame>;
  close(): void;
}

/** Dependencies of the adapter. */
export interface WorkerAdapterOptions {
  readonly chainById: ChainById;
  readonly clock: Clock;
  /** The limit on complete heights that wait for credit, over all streams. */
  readonly budget: ByteBudget;
  write(bytes: Buffer): Promise<void>;
}

/** The longest pause in reading a worker's stream, in milliseconds. */
const longestPause = 5_000;
/** The features that the adapter adds. */
const addedFeatures: readonly Feature[] = ["credit", "count"];

/** Creates the adapter of one stream. */
export function createWorkerAdapter({
  chainById,
  clock,
  budget,
  write,
}: WorkerAdapterOptions): WorkerAdapter {
  /** By the id in the worker's messages; a task for skipped heights gets a second id. */
  const tasks = new Map<string, WorkerTask>();
  /** Holds only small frames, or frames within their credit: the session reads them at once. */
  const queue = createQueue<WorkerFrame>();
  const closing = new AbortController();
  const emit = (frame: WorkerFrame): void => void queue.push(frame);

  /** Applies a step to a task of the session; ignores a task that is done. */
  const update = (taskId: string, step: (task: WorkerTask) => void): void => {
    for (const [id, task] of tasks) {
      if (task.frame.id !== taskId) continue;
      step(task);
      if (task.done) tasks.delete(id);
    }
  };

  const requestSkipped = (task: WorkerTask, range: HeightRange): void => {
    const id = randomUUID();
    const { frame } = task;
    tasks.set(id, task);
    const request = { kind: "heights", chain: frame.request.chain, range } as const;
    write(encodeRequest({ ...frame, id, request })).catch((error: unknown) =>
      task.fail(errorMessage(error), false),
    );
  };

  const receive = (bytes: Buffer): void => {
    const response = decodeLegacyResponse(bytes, chainById);
    const { id } = response;
    if (response.kind === "pong") {
      return emit({ kind: "pong", id, features: addedFeatures, nativeFeatures: [], draining: false });
    }
    const task = tasks.get(id);
    // The session counts and drops a message without a task.
    if (task === undefined) return emit({ kind: "part", id, order: 0, items: [], bytes: 0 });
    if (response.kind === "unreadable") {
      task.fail(response.reason, response.permanent);
    } else if (response.kind === "item") {
      task.takeItem(response.item, bytes.length);
    } else {
      const skipped = task.takeFinal(response.item, response.failure, bytes.length);
      if (skipped !== undefined) {
        tasks.delete(id);
        requestSkipped(task, skipped);
      }
    }
    if (task.done) tasks.delete(id);
  };

  /**
   * Stops reading while the budget is full: HTTP/2 flow control then stops the worker. After `longestPause` the task with
   * the most buffered bytes is dropped, so that PONGs are read again; it is retried when its consumer continues.
   */
  const waitForBudget = async (): Promise<void> => {
    while (budget.isFull && !closing.signal.aborted) {
      for (const task of tasks.values()) task.keepAlive();
      const enough = new AbortController();
      const dropLargest = clock.sleep(longestPause, AbortSignal.any([enough.signal, closing.signal])).then(
        () => budget.dropLargest(),
        () => undefined,
      );
      await Promise.race([budget.available(), dropLargest]);
      enough.abort();
    }
  };

  const pump = async (firstPong: Buffer, messages: AsyncIterable<Buffer>): Promise<void> => {
    receive(firstPong);
    for await (const bytes of messages) {
      receive(bytes);
      if (budget.isFull) await waitForBudget();
      if (closing.signal.aborted) return;
    }
  };

  const close = (): void => {
    closing.abort(new Error("The stream is closed."));
    for (const task of tasks.values()) task.dispose();
    tasks.clear();
    queue.end();
  };

  return {
    async send(frame) {
      switch (frame.kind) {
        case "ping":
          return write(encodeRequest(frame));
        case "task":
          tasks.set(frame.id, createWorkerTask({ frame, clock, budget, emit }));
          return write(encodeRequest(frame));
        case "credit":
          return update(frame.id, (task) => task.addCredit(frame.credit));
        case "cancel":
          return update(frame.id, (task) => task.cancel());
        case "unreadable":
          throw new Error("An `unreadable` frame cannot be sent.");
      }
    },
    frames(firstPong, messages) {
      pump(firstPong, messages).then(
        () => queue.end(),
        (error: unknown) => queue.end(toError(error)),
      );
      return queue;
    },
    close,
  };
}
