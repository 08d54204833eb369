// The execution of one task at the worker: pulls results while credit allows, sends them in batches, and sends exactly one final.
// Imports only domain, lib and connectivity/protocol; never knows which chain is read.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult, type Outcome, type TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import type { Logger } from "../../lib/logger.js";
import { createBatch, type Message } from "../protocol/batch.js";
import type { WorkerChannel } from "../protocol/channel.js";
import type { Feature, TaskFrame } from "../protocol/frames.js";
import { sizes, times } from "../protocol/limits.js";
import { remainingRequest } from "../protocol/request-assembly.js";

/** The chain that a worker reads. */
export interface TaskSource {
  /** The kinds of task that it can execute. */
  readonly capabilities: readonly TaskRequest["kind"][];
  head(signal: AbortSignal): Promise<ChainHead>;
  /** Yields results lazily and ends after the last one. Throws a TaskFailure; stops soon after the signal aborts. */
  execute(request: TaskRequest, signal: AbortSignal): AsyncIterable<TaskResult>;
}

/** One task that is executed. */
export interface TaskExecution {
  /** Reads the chain; resolves when the final is sent. */
  run(): Promise<void>;
  grant(credit: number): void;
  /** Ends the task at once with this reason. */
  end(outcome: Outcome, failure: TaskFailure): void;
  /** Stops without a final, because the stream is closed. */
  abandon(): void;
}

/** Dependencies of a task execution. */
export interface TaskExecutionOptions {
  readonly frame: TaskFrame;
  readonly channel: WorkerChannel;
  /** The features that both sides support. */
  readonly features: readonly Feature[];
  readonly source: TaskSource;
  readonly clock: Clock;
  readonly logger: Logger;
  head(): ChainHead | undefined;
}

/** Milliseconds that an incomplete batch waits for more results. */
const lingerMs = 5;

/** Creates the execution of one task; its time limit starts now. */
export function createTaskExecution(options: TaskExecutionOptions): TaskExecution {
  const { frame, channel, features, source, clock } = options;
  const { id, lease } = frame;
  const over = new AbortController();
  const batch = createBatch({
    maxItems: features.includes("batch") ? Infinity : 1,
    maxBytes: Math.min(
      sizes.message,
      frame.maxMessageBytes > 0 ? frame.maxMessageBytes : sizes.defaultMessage,
    ),
    measure: (item) => channel.measure(item),
  });
  let credit = features.includes("credit") ? frame.credit : Infinity;
  let order = 0;
  let cursor: Height | undefined;
  let sentAt = clock.monotonic();
  let flushing: Promise<void> | undefined;
  let lingering = false;
  let wakeForCredit: (() => void) | undefined;

  const isOver = (): boolean => over.signal.aborted;

  const finish = (outcome: Outcome, error?: TaskFailure): void => {
    if (isOver()) return;
    over.abort(error ?? new Error("The task is over."));
    wakeForCredit?.();
    const head = options.head();
    channel
      .send({
        kind: "final",
        id,
        lease,
        order,
        items: [],
        outcome,
        count: order,
        bytes: 0,
        ...(error !== undefined && { error }),
        ...(cursor !== undefined && { cursor }),
        ...(head !== undefined && { head }),
      })
      .catch(() => undefined);
  };

  const abandon = (): void => {
    over.abort(new Error("The stream is closed."));
    wakeForCredit?.();
  };

  const finishWithError = (error: unknown): void => {
    if (isOver()) return;
    if (error instanceof TaskFailure) return finish("failed", error);
    options.logger.error({ task: id, error }, "A task failed unexpectedly.");
    finish("failed", new TaskFailure(errorMessage(error), "other-worker", { type: "internal" }));
  };

  const sendPart = async ({ items, cursor: reached }: Message): Promise<void> => {
    while (credit <= 0 && !isOver()) await new Promise<void>((resolve) => (wakeForCredit = resolve));
    if (isOver()) return;
    credit -= 1;
    cursor = reached ?? cursor;
    sentAt = clock.monotonic();
    const sent = channel.send({
      kind: "part",
      id,
      lease,
      order: order++,
      items,
      bytes: 0,
      ...(cursor !== undefined && { cursor }),
    });
    await sent.catch(abandon);
    // A source that never waits would otherwise occupy the process until the credit is used up, and nothing would be sent.
    await nextTurn();
  };

  const sendAll = async (): Promise<void> => {
    for (const message of batch.take()) await sendPart(message);
  };

  /** Sends the batch; one flush runs at a time. */
  const flush = (): Promise<void> =>
    (flushing ??= sendAll().finally(() => {
      flushing = undefined;
    }));

  /** Sends an incomplete batch after a short delay. Without credit the batch may grow. */
  const flushSoon = (): void => {
    if (lingering) return;
    lingering = true;
    clock.sleep(lingerMs, over.signal).then(
      () => {
        lingering = false;
        if (credit > 0 && !batch.empty) flush().catch(finishWithError);
      },
      () => undefined,
    );
  };

  /** Executes the request; returns whether every requested height was read. */
  const pull = async (request: TaskRequest): Promise<boolean> => {
    const check = createCompletenessCheck(request);
    for await (const result of source.execute(request, over.signal)) {
      if (isOver()) return false;
      check.add(result);
      batch.add(result);
      if (batch.full) while (batch.full && !isOver()) await flush();
      else flushSoon();
    }
    while (!batch.empty && !isOver()) await flush();
    await flushing;
    return check.isComplete();
  };

  const sendHeartbeats = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(times.heartbeat, over.signal);
      const silent = clock.monotonic() - sentAt >= times.heartbeat;
      if (silent && credit > 0 && flushing === undefined) await sendPart({ items: [] });
    }
  };

  const enforceTimeout = async (): Promise<void> => {
    await clock.sleep(frame.timeoutMs, over.signal);
    const message = `The task took longer than its limit of ${frame.timeoutMs} ms.`;
    finish("failed", new TaskFailure(message, "other-worker", { type: "timeout" }));
  };

  sendHeartbeats().catch(() => undefined);
  if (frame.timeoutMs > 0) enforceTimeout().catch(() => undefined);

  return {
    async run() {
      if (isOver()) return;
      const request = resumedRequest(frame);
      if (request === undefined) return finish("complete");
      if (!source.capabilities.includes(request.kind)) {
        const message = `This worker does not support tasks of the kind '${request.kind}'.`;
        return finish("failed", new TaskFailure(message, "never", { type: "unsupported" }));
      }
      try {
        const complete = await Promise.race([pull(request), falseOnAbort(over.signal)]);
        finish(complete ? "complete" : "truncated");
      } catch (error) {
        // The results before the failure are valid.
        await flush().catch(() => undefined);
        finishWithError(error);
      }
    },
    grant(more) {
      credit += more;
      wakeForCredit?.();
      if (!batch.empty) flushSoon();
    },
    end: finish,
    abandon,
  };
}

/** Returns the request after the height that the manager already has; undefined if nothing is left. */
function resumedRequest({ request, resumeAfter }: TaskFrame): TaskRequest | undefined {
  if (resumeAfter === undefined) return request;
  if (request.kind === "latest" && request.after?.height === resumeAfter) return request;
  if (request.kind === "heights" && request.range.from > resumeAfter) return request;
  return remainingRequest(request, { cursor: resumeAfter, heights: 0 });
}

/** Checks that the source yields every requested height: an end without an error means that all were read. */
function createCompletenessCheck(request: TaskRequest): {
  add(result: TaskResult): void;
  isComplete(): boolean;
} {
  let next = request.kind === "heights" ? request.range.from : undefined;
  return {
    add(result) {
      const height = wholeHeightOf(result);
      if (next === undefined || height === undefined) return;
      if (height !== next) {
        const message = `The chain returned height ${height}, but height ${next} was expected.`;
        throw new TaskFailure(message, "other-worker", { type: "internal" });
      }
      next += 1;
    },
    isComplete: () => request.kind !== "heights" || (next ?? 0) > request.range.to,
  };
}

function wholeHeightOf(result: TaskResult): Height | undefined {
  if (result.kind === "height") return result.block.height;
  return result.kind === "quarantine" && result.index === undefined ? result.height : undefined;
}

function falseOnAbort(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}
