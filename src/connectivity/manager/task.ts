// One task from its first asking to its end, whoever answers: how far it is, what is left, whether to ask again.
// Imports only domain, lib and this folder; never chooses a worker.
import { randomUUID } from "node:crypto";
import { chainName } from "../../domain/chain.js";
import { IndexerError } from "../../domain/errors.js";
import { type TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { backoffDelay } from "../../lib/retry.js";
import type { AskingHandle } from "./calls.js";
import { remainingRequest } from "../protocol/request-assembly.js";
import type { AttemptEnd, Delivery } from "./call.js";
import { errorOfBreak, errorOfFailure, timeoutError } from "./failures.js";
import { retryBackoff, counts } from "../protocol/limits.js";
import type { ConnectivityMetrics } from "./metrics.js";
import { createPartStream, type Origin, type Reached } from "./part-stream.js";
import type { Part, TaskOptions } from "../port.js";
import type { Wish } from "./selection.js";
import type { Session } from "./session.js";
import type { Waiting, WaitingHolder } from "../protocol/byte-budget.js";

/** A task as the dispatcher holds it. */
export interface Run {
  readonly taskId: string;
  readonly request: TaskRequest;
  readonly options: TaskOptions;
  readonly wish: Wish;
  readonly parts: AsyncIterable<Part>;
  /** True where it was asked before. */
  readonly begun: boolean;
  readonly done: boolean;
  askThrough(workerId: string, session: Session): void;
  fail(error: Error): void;
}

export interface RunOptions {
  readonly request: TaskRequest;
  readonly options: TaskOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly waiting: Waiting;
  readonly metrics: ConnectivityMetrics;
  /** The run waits for a worker. */
  enqueue(run: Run): void;
  /** Credit that an asking starts with. */
  credit(): number;
  /** A worker ended an asking. */
  answered(workerId: string, well: boolean): void;
  /** The run is over. */
  settled(run: Run): void;
}

/** Creates a run; it waits for a worker from now on. */
export function createRun(setup: RunOptions): Run {
  const { options, clock, metrics, waiting } = setup;
  const taskId = randomUUID();
  const chain = chainName(setup.request.chain);
  const over = new AbortController();
  const startedAt = clock.monotonic();
  const avoid = new Set<string>();
  let prefer: string | undefined;
  let request = setup.request;
  let reached: Reached = { heights: 0 };
  let handle: AskingHandle | undefined;
  let attempts = 0;
  /** Ends in a row without progress: early or wrong ones, lost sessions, waits that the worker asked for. */
  let [emptyEnds, losses, waits] = [0, 0, 0];
  /** Gave up what waited; asks again when the consumer wants more. */
  let parked = false;

  const holder: WaitingHolder = {
    get waitingBytes() {
      return stream.waitingBytes;
    },
    shed() {
      handle?.cancel();
      handle = undefined;
      stream.drop();
      reached = stream.taken;
      parked = true;
    },
  };

  const stream = createPartStream({
    taskId,
    changed: (by) => waiting.changed(holder, by),
    hungry() {
      if (!parked) return;
      parked = false;
      setup.enqueue(run);
    },
    left: () => settle(),
  });

  const isDone = (): boolean => over.signal.aborted;

  const settle = (): void => {
    if (isDone()) return;
    over.abort(new Error("The task is over."));
    options.signal.removeEventListener("abort", onAbort);
    handle?.cancel();
    handle = undefined;
    setup.settled(run);
  };

  const fail = (error: Error, atOnce = false): void => {
    if (isDone()) return;
    if (error instanceof IndexerError) metrics.failed.inc({ reason: error.code });
    settle();
    stream.fail(error, atOnce);
  };

  const complete = (): void => {
    settle();
    stream.end();
  };

  const left = (): TaskRequest | undefined => {
    const { cursor } = reached;
    return cursor === undefined ? request : remainingRequest(request, { ...reached, cursor });
  };

  const askAgain = (delayMs: number): void => {
    if (left() === undefined) return complete();
    if (delayMs === 0) return setup.enqueue(run);
    clock.sleep(delayMs, over.signal).then(
      () => setup.enqueue(run),
      () => undefined,
    );
  };

  const deliver = (delivery: Delivery, origin: Origin): void => {
    reached = advanced(reached, delivery);
    [emptyEnds, losses, waits] = [0, 0, 0];
    avoid.clear();
    stream.push(delivery, origin, reached);
  };

  const facts = (): Record<string, string> => ({ chain, taskId });

  const afterBreak = (reason: string, workerId: string): void => {
    emptyEnds += 1;
    avoid.add(workerId);
    if (emptyEnds >= counts.emptyEnds) return fail(errorOfBreak(reason, facts()));
    askAgain(emptyEnds === 1 ? 0 : backoffDelay(retryBackoff, emptyEnds, setup.random));
  };

  const afterLoss = (reason: string): void => {
    losses += 1;
    if (losses >= counts.losses) return fail(errorOfBreak(reason, facts()));
    askAgain(0);
  };

  const afterFailure = (failure: TaskFailure, workerId: string): void => {
    if (left() === undefined) return complete();
    if (failure.retry === "never") return fail(errorOfFailure(failure, facts()));
    if (failure.retry === "same-worker") {
      waits += 1;
      prefer = workerId;
      if (waits >= counts.waits) return fail(errorOfFailure(failure, facts()));
      return askAgain(failure.details.retryAfterMs ?? backoffDelay(retryBackoff, waits, setup.random));
    }
    avoid.add(workerId);
    if (failure.details.type === "draining") return afterLoss(failure.message);
    emptyEnds += 1;
    if (emptyEnds >= counts.emptyEnds) return fail(errorOfFailure(failure, facts()));
    askAgain(emptyEnds === 1 ? 0 : backoffDelay(retryBackoff, emptyEnds, setup.random));
  };

  /** A legacy peer jumped to its head: the heights between are asked for by their numbers. */
  const fillUpTo = (head: number): void => {
    if (request.kind !== "latest") return;
    const after = reached.cursor ?? request.after?.height;
    if (after === undefined) return;
    const to = Math.min(head, after + request.limit - reached.heights);
    if (to > after) request = { kind: "heights", chain: request.chain, range: { from: after + 1, to } };
  };

  const ended = (end: AttemptEnd, workerId: string): void => {
    handle = undefined;
    metrics.finals.inc({ chain, outcome: end.kind });
    setup.answered(workerId, end.kind === "complete");
    switch (end.kind) {
      case "complete":
        return complete();
      case "failed":
        return afterFailure(end.failure, workerId);
      case "lost":
        return afterLoss(end.reason);
      case "broken":
        if (end.jumpedTo !== undefined) fillUpTo(end.jumpedTo);
        return afterBreak(end.reason, workerId);
    }
  };

  const onAbort = (): void => {
    const reason: unknown = options.signal.reason;
    fail(reason instanceof Error ? reason : new Error("The task was cancelled."), true);
  };

  const run: Run = {
    taskId,
    request: setup.request,
    options,
    get wish() {
      return { avoid, ...(prefer !== undefined && { prefer }) };
    },
    parts: stream.parts,
    get begun() {
      return attempts > 0;
    },
    get done() {
      return isDone();
    },
    askThrough(workerId, session) {
      const asked = left();
      if (asked === undefined) return complete();
      attempts += 1;
      prefer = undefined;
      metrics.asked.inc({ chain });
      const { timeoutMs } = options;
      const origin: Origin = { worker: workerId, grant: (credit) => asking.grant(credit) };
      const asking = session.ask({
        taskId,
        request: asked,
        attempt: attempts,
        credit: setup.credit(),
        ...(reached.cursor !== undefined && { resumeAfter: reached.cursor }),
        ...(timeoutMs !== undefined && {
          timeoutMs: Math.max(1, timeoutMs - (clock.monotonic() - startedAt)),
        }),
        sink: {
          deliver: (delivery) => deliver(delivery, origin),
          ended: (end) => ended(end, workerId),
        },
      });
      handle = asking;
    },
    fail,
  };

  options.signal.addEventListener("abort", onAbort, { once: true });
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) {
    clock.sleep(timeoutMs, over.signal).then(
      () => fail(timeoutError(setup.request.chain, timeoutMs)),
      () => undefined,
    );
  }
  if (options.signal.aborted) onAbort();
  else setup.enqueue(run);
  return run;
}

function advanced(before: Reached, { answers, cursor }: Delivery): Reached {
  const heights = before.heights + answers.filter(isWholeHeight).length;
  if (cursor === undefined) return { ...before, heights };
  const last = answers.findLast((each) => each.kind === "height");
  const hash = last?.block.height === cursor ? last.block.hash : undefined;
  return { cursor, heights, ...(hash !== undefined && { hash }) };
}

function isWholeHeight(answer: TaskResult): boolean {
  return answer.kind === "height" || (answer.kind === "quarantine" && answer.index === undefined);
}
