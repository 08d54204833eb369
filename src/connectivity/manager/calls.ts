// The askings that run on one session: who gets which message, credit, idle ones, and what a legacy peer still works at.
// Imports only domain, lib and this folder; never reads a channel.
import { randomUUID } from "node:crypto";
import { TaskFailure, type TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { createAttempt, type Attempt, type AttemptEnd, type AttemptSink } from "./call.js";
import type { Feature, ManagerFrame, WorkerFrame } from "../protocol/frames.js";
import { sizes, times } from "../protocol/limits.js";

/** What to ask. */
export interface Asking {
  readonly taskId: string;
  readonly request: TaskRequest;
  /** 1 at the first asking. */
  readonly attempt: number;
  readonly credit: number;
  readonly resumeAfter?: number;
  /** Milliseconds that are left for the whole task. */
  readonly timeoutMs?: number;
  readonly sink: AttemptSink;
}

/** A running asking, as the caller holds it. */
export interface AskingHandle {
  /** Grants the worker more responses; what is granted in the same turn is sent together. */
  grant(credit: number): void;
  /** Ends it from this side; nothing is heard of it afterwards. */
  cancel(): void;
}

export interface Askings {
  /** Askings that the worker holds, abandoned ones of a legacy peer included. */
  readonly size: number;
  start(asking: Asking): AskingHandle;
  take(frame: Exclude<WorkerFrame, { kind: "pong" }>): void;
  /** Ends those of which nothing was heard for too long. */
  checkIdle(): void;
  /** Reading rested: silence until now was ours. */
  forgive(): void;
  /** The session is over. */
  lose(reason: string): void;
}

export interface AskingsOptions {
  readonly clock: Clock;
  /** What both sides have, by now. */
  features(): readonly Feature[];
  send(frame: ManagerFrame): void;
  dropped(reason: string): void;
  changed(): void;
}

/** Creates the table of a session's askings. */
export function createAskings({ clock, features, send, dropped, changed }: AskingsOptions): Askings {
  /** By the id that the peer repeats. */
  const attempts = new Map<string, Attempt>();
  /** Of a legacy peer, which cannot cancel: they hold their place until their final. */
  const abandoned = new Set<string>();
  const heardAt = new Map<string, number>();
  const credits = new Map<Attempt, number>();
  /** The id of the final that is being taken: its worker needs no CANCEL. */
  let concluding: string | undefined;
  let lost = false;

  const flushCredits = (): void => {
    for (const [attempt, credit] of credits) {
      if (!attempt.ended) send({ kind: "credit", id: attempt.wireId, lease: attempt.lease, credit });
    }
    credits.clear();
  };

  const sendCredit = (attempt: Attempt, credit: number): void => {
    if (!features().includes("credit") || lost) return;
    if (credits.size === 0) setImmediate(flushCredits);
    credits.set(attempt, (credits.get(attempt) ?? 0) + credit);
  };

  const forget = (wireId: string): void => {
    abandoned.delete(wireId);
    heardAt.delete(wireId);
    changed();
  };

  /** An asking is over: the worker is told where it does not know yet and would understand. */
  const settled = (attempt: Attempt): void => {
    attempts.delete(attempt.wireId);
    heardAt.delete(attempt.wireId);
    credits.delete(attempt);
    if (concluding !== attempt.wireId && !lost) {
      if (features().includes("cancel")) {
        send({ kind: "cancel", id: attempt.wireId, lease: attempt.lease });
      } else {
        abandoned.add(attempt.wireId);
        heardAt.set(attempt.wireId, clock.monotonic());
      }
    }
    changed();
  };

  const attemptOf = (id: string, lease: string | undefined): Attempt | undefined => {
    const attempt = attempts.get(id);
    if (heardAt.has(id)) heardAt.set(id, clock.monotonic());
    if (attempt === undefined) {
      dropped(abandoned.has(id) ? "abandoned" : "unknown_task");
      return undefined;
    }
    if (features().includes("lease") && lease !== attempt.lease) {
      dropped("old_lease");
      return undefined;
    }
    return attempt;
  };

  return {
    get size() {
      return attempts.size + abandoned.size;
    },
    start({ taskId, request, credit, sink, ...asking }) {
      const lease = randomUUID();
      // Legacy peers repeat no lease: an id of its own keeps answers to an earlier asking apart.
      const wireId = features().length === 0 ? lease : taskId;
      let silent = false;
      const attempt = createAttempt({
        request,
        wireId,
        lease,
        credit,
        features: features(),
        sink: {
          deliver: (delivery) => sink.deliver(delivery),
          ended(end) {
            settled(attempt);
            if (!silent) sink.ended(end);
          },
        },
        grant: (more) => sendCredit(attempt, more),
        dropped,
      });
      attempts.set(wireId, attempt);
      heardAt.set(wireId, clock.monotonic());
      send({
        kind: "task",
        id: wireId,
        lease,
        attempt: asking.attempt,
        credit,
        timeoutMs: asking.timeoutMs ?? 0,
        maxMessageBytes: sizes.message,
        request,
        ...(asking.resumeAfter !== undefined && { resumeAfter: asking.resumeAfter }),
      });
      changed();
      return {
        grant(more) {
          if (attempt.ended) return;
          attempt.granted(more);
          sendCredit(attempt, more);
        },
        cancel() {
          silent = true;
          attempt.end({ kind: "lost", reason: "Cancelled." });
        },
      };
    },
    take(frame) {
      if (frame.kind === "unreadable") {
        dropped("unreadable");
        if (frame.id !== undefined) attemptOf(frame.id, frame.lease)?.end(unreadable(frame));
      } else if (frame.kind === "part") {
        attemptOf(frame.id, frame.lease)?.part(frame);
      } else {
        concluding = frame.id;
        attemptOf(frame.id, frame.lease)?.final(frame);
        concluding = undefined;
        if (abandoned.has(frame.id)) forget(frame.id);
      }
    },
    checkIdle() {
      const now = clock.monotonic();
      for (const [id, since] of [...heardAt]) {
        if (now - since < times.idle) continue;
        const attempt = attempts.get(id);
        if (attempt === undefined) forget(id);
        // A worker without credit waits for us, not we for it.
        else if (attempt.creditLeft <= 0) heardAt.set(id, now);
        else attempt.end({ kind: "broken", reason: `No message of the task for ${times.idle / 1000} s.` });
      }
    },
    forgive() {
      for (const id of heardAt.keys()) heardAt.set(id, clock.monotonic());
    },
    lose(reason) {
      lost = true;
      for (const attempt of [...attempts.values()]) attempt.end({ kind: "lost", reason });
      abandoned.clear();
      heardAt.clear();
    },
  };
}

function unreadable({
  reason,
  hopeless,
}: {
  readonly reason: string;
  readonly hopeless: boolean;
}): AttemptEnd {
  if (!hopeless) return { kind: "broken", reason };
  return { kind: "failed", failure: new TaskFailure(reason, "never", { type: "unreadable" }) };
}
