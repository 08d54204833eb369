// One task at the worker: answers are pulled as far as credit allows, sent in batches, and exactly one final ends it.
// Imports only domain, lib and this folder; never knows which chain is read.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult, type Outcome, type TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import { remainingRequest } from "../protocol/request-assembly.js";
import { createBatch, type Message } from "../protocol/batch.js";
import type { WorkerChannel } from "../protocol/channel.js";
import type { Feature, TaskFrame } from "../protocol/frames.js";
import { sizes, times } from "../protocol/limits.js";

/** How a chain is read: what a worker needs of it. */
export interface TaskSource {
  /** The kinds of task that it can answer. */
  readonly capabilities: readonly TaskRequest["kind"][];
  head(signal: AbortSignal): Promise<ChainHead>;
  /** Answers lazily and ends when all was given; throws a TaskFailure; stops soon after the signal aborts. */
  execute(request: TaskRequest, signal: AbortSignal): AsyncIterable<TaskResult>;
}

export interface TaskExecution {
  /** Reads the chain; resolves when the final is sent. */
  run(): Promise<void>;
  grant(credit: number): void;
  /** Ends it now with this reason. */
  end(outcome: Outcome, failure: TaskFailure): void;
  /** The stream is gone: stops without a word. */
  abandon(): void;
}

export interface TaskExecutionOptions {
  readonly frame: TaskFrame;
  readonly channel: WorkerChannel;
  /** What both sides have; empty for a legacy manager. */
  readonly features: readonly Feature[];
  readonly source: TaskSource;
  readonly clock: Clock;
  readonly logger: Logger;
  head(): ChainHead | undefined;
}

/** Milliseconds that a batch which is not full waits for more. */
const linger = 5;

/** Creates the answering of one task; time runs from now on. */
export function createTaskExecution(options: TaskExecutionOptions): TaskExecution {
  const { frame, channel, features, source, clock } = options;
  const { id, lease } = frame;
  const legacy = features.length === 0;
  const over = new AbortController();
  const batch = createBatch({
    together: features.includes("batch"),
    maxBytes: Math.min(
      sizes.message,
      frame.maxMessageBytes > 0 ? frame.maxMessageBytes : sizes.legacyMessage,
    ),
    measure: (piece) => channel.measure(piece),
  });
  let credit = features.includes("credit") ? frame.credit : Infinity;
  let order = 0;
  let cursor: Height | undefined;
  let sentAt = clock.monotonic();
  let flushing: Promise<void> | undefined;
  let lingering = false;
  let wakeCredit: (() => void) | undefined;

  const isOver = (): boolean => over.signal.aborted;

  const finish = (outcome: Outcome, error?: TaskFailure): void => {
    if (isOver()) return;
    over.abort(error ?? new Error("The task is over."));
    wakeCredit?.();
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
    over.abort(new Error("The stream is gone."));
    wakeCredit?.();
  };

  const finishWith = (error: unknown): void => {
    if (isOver()) return;
    if (error instanceof TaskFailure) return finish("failed", error);
    options.logger.error({ task: id, error }, "A task failed unexpectedly.");
    const message = error instanceof Error ? error.message : String(error);
    finish("failed", new TaskFailure(message, "other-worker", { type: "internal" }));
  };

  const sendPart = async ({ items: pieces, cursor: reached }: Message): Promise<void> => {
    while (credit <= 0 && !isOver()) await new Promise<void>((resolve) => (wakeCredit = resolve));
    if (isOver()) return;
    credit -= 1;
    cursor = reached ?? cursor;
    sentAt = clock.monotonic();
    const at = order;
    order += 1;
    const sent = channel.send({
      kind: "part",
      id,
      lease,
      order: at,
      items: pieces,
      bytes: 0,
      ...(cursor !== undefined && { cursor }),
    });
    await sent.catch(abandon);
    // A chain that answers from memory would else hold the process until its credit is used up: nothing would leave yet.
    await nextTurn();
  };

  const sendAll = async (): Promise<void> => {
    for (const message of batch.take()) await sendPart(message);
  };

  /** Sends what is there, one batch at a time. */
  const flush = (): Promise<void> =>
    (flushing ??= sendAll().finally(() => {
      flushing = undefined;
    }));

  /** Sends a batch that is not full once nothing followed for a moment; without credit it may as well grow. */
  const flushSoon = (): void => {
    if (lingering) return;
    lingering = true;
    clock.sleep(linger, over.signal).then(
      () => {
        lingering = false;
        if (credit > 0 && !batch.empty) flush().catch(finishWith);
      },
      () => undefined,
    );
  };

  const pull = async (request: TaskRequest): Promise<boolean> => {
    const wanted = createProgressCheck(request);
    for await (const answer of source.execute(request, over.signal)) {
      if (isOver()) return false;
      wanted.saw(answer);
      batch.add(answer);
      if (batch.full) while (batch.full && !isOver()) await flush();
      else flushSoon();
    }
    while (!batch.empty && !isOver()) await flush();
    await flushing;
    return wanted.complete();
  };

  const beat = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(times.heartbeat, over.signal);
      const quiet = clock.monotonic() - sentAt >= times.heartbeat;
      if (quiet && credit > 0 && flushing === undefined) await sendPart({ items: [] });
    }
  };

  const expire = async (): Promise<void> => {
    await clock.sleep(frame.timeoutMs, over.signal);
    const message = `The task took longer than the ${frame.timeoutMs} ms it was given.`;
    finish("failed", new TaskFailure(message, "other-worker", { type: "timeout" }));
  };

  // Legacy managers would take a message without an answer for one.
  if (!legacy) beat().catch(() => undefined);
  if (frame.timeoutMs > 0) expire().catch(() => undefined);

  return {
    async run() {
      if (isOver()) return;
      const request = resumed(frame);
      if (request === undefined) return finish("complete");
      if (!source.capabilities.includes(request.kind)) {
        const message = `This worker does not answer '${request.kind}'.`;
        return finish("failed", new TaskFailure(message, "never", { type: "unsupported" }));
      }
      try {
        const complete = await Promise.race([pull(request), ended(over.signal)]);
        if (complete) return finish("complete");
        finish("truncated");
      } catch (error) {
        // What was read before the failure is good.
        await flush().catch(() => undefined);
        finishWith(error);
      }
    },
    grant(more) {
      credit += more;
      wakeCredit?.();
      if (!batch.empty) flushSoon();
    },
    end: finish,
    abandon,
  };
}

/** The request from where the manager already is; nothing where it has all. */
function resumed({ request, resumeAfter }: TaskFrame): TaskRequest | undefined {
  if (resumeAfter === undefined) return request;
  if (request.kind === "latest" && request.after?.height === resumeAfter) return request;
  if (request.kind === "heights" && request.range.from > resumeAfter) return request;
  return remainingRequest(request, { cursor: resumeAfter, heights: 0 });
}

/** Sees whether a chain gave every height that was asked: an end without an error must mean all. */
function createProgressCheck(request: TaskRequest): { saw(answer: TaskResult): void; complete(): boolean } {
  let due = request.kind === "heights" ? request.range.from : undefined;
  return {
    saw(answer) {
      const height = heightOf(answer);
      if (due === undefined || height === undefined) return;
      if (height !== due) {
        throw new TaskFailure(`Height ${height} was read where ${due} was due.`, "other-worker", {
          type: "internal",
        });
      }
      due += 1;
    },
    complete: () => request.kind !== "heights" || (due ?? 0) > request.range.to,
  };
}

function heightOf(answer: TaskResult): Height | undefined {
  if (answer.kind === "height") return answer.block.height;
  return answer.kind === "quarantine" && answer.index === undefined ? answer.height : undefined;
}

function ended(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}
