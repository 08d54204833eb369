// Role: the worker's side of its streams: replies to every PING at once, executes tasks up to its capacity, drains.
// May import: domain, lib, connectivity/protocol and this folder.
// Never knows which chain is read or how frames are carried; never imports connectivity/manager.
import type { ChainHead } from "../../domain/chain.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import type { WorkerChannel } from "../protocol/channel.js";
import {
  supportedFeatures,
  sharedFeatures,
  type Feature,
  type ManagerFrame,
  type TaskFrame,
  type WorkerFrame,
} from "../protocol/frames.js";
import { counts, times } from "../protocol/limits.js";
import { createTaskExecution, type TaskExecution, type TaskSource } from "./task-execution.js";

/** The sessions of a worker with its managers. */
export interface WorkerSessionServer {
  /** Serves one manager; resolves when its stream ends. */
  serve(channel: WorkerChannel): Promise<void>;
  /** Tasks that are executed or wait, over all streams. */
  readonly inFlight: number;
  readonly draining: boolean;
  /** Refuses new tasks, waits `graceMs` for the running ones, then cancels the rest for other workers. */
  drain(graceMs?: number): Promise<void>;
}

/** Dependencies of the sessions. */
export interface WorkerSessionServerOptions {
  readonly source: TaskSource;
  /** Tasks that are executed at once, over all streams. */
  readonly capacity?: number;
  readonly version: string;
  /** Milliseconds between two reads of the chain's newest block while a manager is connected; 1 s by default. */
  readonly headIntervalMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type TaskKey = Pick<TaskFrame, "id" | "lease">;

interface ServedStream {
  readonly executions: Map<string, TaskExecution>;
  /** Sends the manager a PONG without an id, after its first PING. */
  report(): void;
}

/** Creates the sessions for any number of managers. */
export function createWorkerSessionServer(options: WorkerSessionServerOptions): WorkerSessionServer {
  const { source, clock, logger, version, headIntervalMs = 1_000 } = options;
  const capacity = options.capacity ?? counts.capacity;
  const streams = new Map<WorkerChannel, ServedStream>();
  const running = new Set<TaskExecution>();
  const waiting: { readonly execution: TaskExecution; readonly start: () => void }[] = [];
  const ending = new AbortController();
  let draining = false;
  let head: ChainHead | undefined;
  let watchingHead = false;
  let onIdle: (() => void) | undefined;

  const inFlight = (): number => running.size + waiting.length;

  const reportToAll = (): void => {
    for (const { report } of streams.values()) report();
  };

  /** Reads the newest block while a manager is connected, and reports each change to all managers. */
  const watchHead = async (): Promise<void> => {
    if (watchingHead) return;
    watchingHead = true;
    while (streams.size > 0 && !ending.signal.aborted) {
      try {
        const found = await source.head(ending.signal);
        const changed = found.height !== head?.height || found.hash !== head.hash;
        head = found;
        if (changed) reportToAll();
      } catch (error) {
        logger.debug({ error }, "The newest block could not be read.");
      }
      await clock.sleep(headIntervalMs, ending.signal).catch(() => undefined);
    }
    watchingHead = false;
  };

  const startNext = (): void => {
    while (running.size < capacity) {
      const next = waiting.shift();
      if (next === undefined) break;
      next.start();
    }
    if (inFlight() === 0) onIdle?.();
  };

  const serve = async (channel: WorkerChannel): Promise<void> => {
    const executions = new Map<string, TaskExecution>();
    const over = new AbortController();
    let features: readonly Feature[] = [];
    let negotiated = false;
    let lastMessageAt = clock.monotonic();

    const send = (frame: WorkerFrame): void => {
      channel.send(frame).catch(() => undefined);
    };

    const sendPong = (id: string): void =>
      send({
        kind: "pong",
        id,
        features: supportedFeatures,
        capacity,
        inFlight: inFlight(),
        draining,
        version,
        ...(head !== undefined && { head }),
      });

    const refuse = ({ id, lease }: TaskKey, outcome: "failed" | "cancelled", error: TaskFailure): void =>
      send({ kind: "final", id, lease, order: 0, items: [], outcome, count: 0, error, bytes: 0 });

    const remove = (key: string, execution: TaskExecution): void => {
      executions.delete(key);
      running.delete(execution);
      const at = waiting.findIndex((each) => each.execution === execution);
      if (at >= 0) waiting.splice(at, 1);
      startNext();
    };

    const takeTask = (frame: TaskFrame): void => {
      const key = keyOf(frame);
      if (executions.has(key)) return;
      if (draining) return refuse(frame, "cancelled", drainingFailure());
      if (waiting.length >= counts.workerQueue) {
        const message = `This worker already has ${inFlight()} tasks.`;
        const details = { type: "busy", retryAfterMs: 1_000 };
        return refuse(frame, "failed", new TaskFailure(message, "same-worker", details));
      }
      const execution = createTaskExecution({
        frame,
        channel,
        features,
        source,
        clock,
        logger,
        head: () => head,
      });
      executions.set(key, execution);
      const start = (): void => {
        running.add(execution);
        void execution.run().finally(() => remove(key, execution));
      };
      waiting.push({ execution, start });
      startNext();
    };

    const cancel = (frame: TaskKey): void => {
      const key = keyOf(frame);
      const execution = executions.get(key);
      if (execution === undefined) return;
      const message = "The manager cancelled the task.";
      execution.end("cancelled", new TaskFailure(message, "never", { type: "cancelled" }));
      remove(key, execution);
    };

    const take = (frame: ManagerFrame): void => {
      switch (frame.kind) {
        case "ping":
          features = sharedFeatures(frame.features);
          negotiated = true;
          return sendPong(frame.id);
        case "task":
          return takeTask(frame);
        case "credit":
          return executions.get(keyOf(frame))?.grant(frame.credit);
        case "cancel":
          return cancel(frame);
        case "unreadable":
          return refuse(frame, "failed", frame.failure);
      }
    };

    const endStream = (): void => {
      over.abort(new Error("The stream is closed."));
      streams.delete(channel);
      channel.close();
      for (const [key, execution] of [...executions]) {
        execution.abandon();
        remove(key, execution);
      }
    };

    /** Closes the stream of a manager that vanished without closing it: its tasks would occupy the capacity forever. */
    const watchSilence = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(times.ping, over.signal);
        const limit = channel.silenceMs ?? times.managerSilence;
        if (clock.monotonic() - lastMessageAt < limit) continue;
        logger.warn({ peer: channel.peer }, "A manager is silent; its stream is closed.");
        return endStream();
      }
    };

    const report = (): void => {
      if (negotiated) sendPong("");
    };

    streams.set(channel, { executions, report });
    void watchHead();
    watchSilence().catch(() => undefined);
    try {
      for await (const frame of channel.frames) {
        lastMessageAt = clock.monotonic();
        take(frame);
      }
    } catch (error) {
      logger.debug({ peer: channel.peer, error }, "A manager's stream broke.");
    } finally {
      endStream();
    }
  };

  const cancelForOthers = (matches: (execution: TaskExecution) => boolean): void => {
    for (const { executions } of streams.values()) {
      for (const execution of executions.values()) {
        if (matches(execution)) execution.end("cancelled", drainingFailure());
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
      reportToAll();
      cancelForOthers((execution) => !running.has(execution));
      waiting.length = 0;
      if (running.size > 0) {
        const done = new AbortController();
        const idle = new Promise<void>((resolve) => (onIdle = resolve));
        await Promise.race([idle, clock.sleep(graceMs, done.signal).catch(() => undefined)]);
        done.abort();
      }
      cancelForOthers(() => true);
      ending.abort(new Error("The worker is shutting down."));
    },
  };
}

function keyOf({ id, lease }: TaskKey): string {
  return `${id} ${lease}`;
}

function drainingFailure(): TaskFailure {
  return new TaskFailure("The worker is shutting down.", "other-worker", { type: "draining" });
}
