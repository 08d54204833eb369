// The worker's side of its streams: every PING answered at once, tasks in parallel up to capacity, a graceful end.
// Imports only domain, lib and this folder; never knows which chain is read or what carries the frames.
import type { ChainHead } from "../../domain/chain.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import { createTaskExecution, type TaskExecution, type TaskSource } from "./task-execution.js";
import type { WorkerChannel } from "../protocol/channel.js";
import { supportedFeatures, sharedFeatures, type Feature, type ManagerFrame, type TaskFrame } from "../protocol/frames.js";
import { counts, times } from "../protocol/limits.js";

export interface WorkerSessionServer {
  /** Serves one manager until its stream ends. */
  serve(channel: WorkerChannel): Promise<void>;
  /** Tasks that are worked at or wait, over all streams. */
  readonly inFlight: number;
  readonly draining: boolean;
  /** Takes nothing new, lets tasks end for `graceMs`, then ends the rest for other workers. */
  drain(graceMs?: number): Promise<void>;
}

export interface WorkerSessionServerOptions {
  readonly source: TaskSource;
  /** Tasks worked at at once, over all streams. */
  readonly capacity?: number;
  readonly version: string;
  /** Milliseconds between two looks at the chain's newest block, while a manager is there; 1 s unless told. */
  readonly headIntervalMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Creates the worker's side for any number of managers. */
export function createWorkerSessionServer(options: WorkerSessionServerOptions): WorkerSessionServer {
  const { source, clock, logger, version, headIntervalMs = 1_000 } = options;
  const capacity = options.capacity ?? counts.capacity;
  const running = new Set<TaskExecution>();
  const waiting: { readonly answering: TaskExecution; readonly start: () => void }[] = [];
  const ending = new AbortController();
  let draining = false;
  let head: ChainHead | undefined;
  let watching = false;
  let idle: (() => void) | undefined;

  const inFlight = (): number => running.size + waiting.length;

  /** Looks at the newest block for as long as a manager is there, and tells all of them when it is another. */
  const watchHead = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    while (serving.size > 0 && !ending.signal.aborted) {
      try {
        const found = await source.head(ending.signal);
        const news = found.height !== head?.height || found.hash !== head.hash;
        head = found;
        if (news) tellAll();
      } catch (error) {
        logger.debug({ error }, "The newest block could not be read.");
      }
      await clock.sleep(headIntervalMs, ending.signal).catch(() => undefined);
    }
    watching = false;
  };

  const tellAll = (): void => {
    for (const { tell } of serving.values()) tell();
  };

  const startNext = (): void => {
    while (running.size < capacity) {
      const next = waiting.shift();
      if (next === undefined) break;
      next.start();
    }
    if (inFlight() === 0) idle?.();
  };

  const serve = async (channel: WorkerChannel): Promise<void> => {
    const answerings = new Map<string, TaskExecution>();
    const over = new AbortController();
    let features: readonly Feature[] = [];
    let heardAt = clock.monotonic();

    const forget = (key: string, answering: TaskExecution): void => {
      answerings.delete(key);
      running.delete(answering);
      const at = waiting.findIndex((each) => each.answering === answering);
      if (at >= 0) waiting.splice(at, 1);
      startNext();
    };

    const refuse = (
      frame: { id: string; lease: string },
      failure: TaskFailure,
      outcome: "failed" | "cancelled",
    ): void => {
      const { id, lease } = frame;
      send({ kind: "final", id, lease, order: 0, items: [], outcome, count: 0, error: failure, bytes: 0 });
    };

    const send = (frame: Parameters<WorkerChannel["send"]>[0]): void => {
      channel.send(frame).catch(() => undefined);
    };

    const pong = (id: string): void =>
      send({
        kind: "pong",
        id,
        features: features.length === 0 ? [] : supportedFeatures,
        capacity,
        inFlight: inFlight(),
        draining,
        version,
        ...(head !== undefined && { head }),
      });

    /** Tells what changed; a legacy manager knows no PONG that it did not ask for. */
    const tell = (): void => {
      if (features.length > 0) pong("");
    };

    const takeTask = (frame: TaskFrame): void => {
      const key = keyOf(frame);
      if (answerings.has(key)) return;
      if (draining) return refuse(frame, endingFailure(), "cancelled");
      if (waiting.length >= counts.workerQueue) {
        const message = `This worker holds ${inFlight()} tasks already.`;
        return refuse(
          frame,
          new TaskFailure(message, "same-worker", { type: "busy", retryAfterMs: 1_000 }),
          "failed",
        );
      }
      const answering = createTaskExecution({
        frame,
        channel,
        features,
        source,
        clock,
        logger,
        head: () => head,
      });
      answerings.set(key, answering);
      const start = (): void => {
        running.add(answering);
        void answering.run().finally(() => forget(key, answering));
      };
      waiting.push({ answering, start });
      startNext();
    };

    const cancel = (frame: { id: string; lease: string }): void => {
      const answering = answerings.get(keyOf(frame));
      if (answering === undefined) return;
      answering.end(
        "cancelled",
        new TaskFailure("The manager cancelled the task.", "never", { type: "cancelled" }),
      );
      forget(keyOf(frame), answering);
    };

    const take = (frame: ManagerFrame): void => {
      switch (frame.kind) {
        case "ping":
          features = sharedFeatures(frame.features);
          return pong(frame.id);
        case "task":
          return takeTask(frame);
        case "credit":
          return answerings.get(keyOf(frame))?.grant(frame.credit);
        case "cancel":
          return cancel(frame);
        case "unreadable":
          return refuse(frame, frame.failure, "failed");
      }
    };

    /** The stream is over: its tasks stop and make room. */
    const leave = (): void => {
      over.abort(new Error("The stream is over."));
      serving.delete(channel);
      channel.close();
      for (const [key, answering] of [...answerings]) {
        answering.abandon();
        forget(key, answering);
      }
    };

    /** A manager whose machine is gone closes nothing: without this its tasks would hold their places for ever. */
    const watchSilence = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(times.ping, over.signal);
        // Legacy managers ping as they like.
        if (features.length === 0 || clock.monotonic() - heardAt < times.left) continue;
        logger.warn({ peer: channel.peer }, "A manager is not heard of any more; its stream is left.");
        return leave();
      }
    };

    serving.set(channel, { answerings, tell });
    void watchHead();
    watchSilence().catch(() => undefined);
    try {
      for await (const frame of channel.frames) {
        heardAt = clock.monotonic();
        take(frame);
      }
    } catch (error) {
      logger.debug({ peer: channel.peer, error }, "A manager's stream broke.");
    } finally {
      leave();
    }
  };

  /** The tasks of each stream, and how to tell its manager what changed. */
  const serving = new Map<WorkerChannel, { readonly answerings: Map<string, TaskExecution>; tell(): void }>();

  const endAll = (which: (answering: TaskExecution) => boolean): void => {
    for (const { answerings } of serving.values()) {
      for (const answering of answerings.values()) {
        if (which(answering)) answering.end("cancelled", endingFailure());
      }
    }
  };

  return {
    serve,
    get inFlight() {
      return inFlight();
    },
    get draining() {
      return draining;
    },
    async drain(graceMs = times.drain) {
      draining = true;
      tellAll();
      endAll((answering) => !running.has(answering));
      waiting.length = 0;
      if (running.size > 0) {
        const done = new AbortController();
        const allDone = new Promise<void>((resolve) => (idle = resolve));
        await Promise.race([allDone, clock.sleep(graceMs, done.signal).catch(() => undefined)]);
        done.abort();
      }
      endAll(() => true);
      ending.abort(new Error("The worker is ending."));
    },
  };
}

function keyOf({ id, lease }: { readonly id: string; readonly lease: string }): string {
  return `${id} ${lease}`;
}

function endingFailure(): TaskFailure {
  return new TaskFailure("The worker is ending.", "other-worker", { type: "draining" });
}
