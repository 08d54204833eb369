// The calls of one session: routes messages to calls, sends credit and CANCEL, and ends idle calls.
// Imports only domain, lib and connectivity/protocol; never reads a channel.
import { randomUUID } from "node:crypto";
import { TaskFailure, type TaskRequest } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { toError } from "../../lib/error-message.js";
import type { Feature, ManagerFrame, WorkerFrame } from "../protocol/frames.js";
import { sizes, times } from "../protocol/limits.js";
import { createCall, type Call, type CallEnd, type Delivery } from "./call.js";
import { createDeliveryBuffer } from "./delivery-buffer.js";

/** The parameters of a call. */
export interface CallRequest {
  readonly taskId: string;
  readonly request: TaskRequest;
  /** 1 at the first call of the task. */
  readonly attempt: number;
  /** Messages that the worker may send before the first acknowledgement. */
  readonly credit: number;
  readonly resumeAfter?: number;
  /** Milliseconds that are left for the whole task. */
  readonly timeoutMs?: number;
}

/** A delivery as the task receives it. */
export interface AcknowledgedDelivery extends Delivery {
  /** Grants the worker as many messages as the delivery took. Credit granted in the same turn is sent together. */
  acknowledge(): void;
}

/** A call ended without completing its request. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";

  constructor(readonly end: Exclude<CallEnd, { kind: "complete" }>) {
    super(end.kind === "failed" ? end.failure.message : end.reason);
  }
}

/** The calls of one session. */
export interface Calls {
  /** Calls that the worker executes, cancelled ones of a worker without the feature `cancel` included. */
  readonly size: number;
  /** Sends the task at once. The iteration throws a CallFailure, or the signal's reason; ending it cancels the call. */
  start(request: CallRequest, signal: AbortSignal): AsyncIterable<AcknowledgedDelivery>;
  take(frame: Exclude<WorkerFrame, { kind: "pong" }>): void;
  /** Ends calls without a message for `times.idle`. */
  endIdle(): void;
  /** Restarts the idle time of every call, because this process did not read. */
  resetIdle(): void;
  /** Ends every call, because the session is over. */
  endAll(reason: string): void;
}

/** Dependencies of the calls. */
export interface CallsOptions {
  readonly clock: Clock;
  /** The features that both sides support now. */
  features(): readonly Feature[];
  send(frame: ManagerFrame): void;
  onDropped(reason: string): void;
  /** The number of calls changed. */
  onChange(): void;
  /** The buffered bytes of all calls changed by a number. */
  bytesChanged(by: number): void;
}

/** Creates the table of a session's calls. */
export function createCalls(options: CallsOptions): Calls {
  const { clock, features, send, onDropped, onChange } = options;
  /** By lease. A worker without the feature `lease` gets the lease as the id. */
  const calls = new Map<string, Call>();
  /** Leases of calls that ended here but not at the worker, because it cannot cancel: they occupy its capacity. */
  const abandoned = new Set<string>();
  const lastMessageAt = new Map<string, number>();
  const pendingCredit = new Map<Call, number>();
  /** The lease of the final that is being processed: its worker needs no CANCEL. */
  let finalLease: string | undefined;
  let over = false;

  const sendPendingCredit = (): void => {
    for (const [{ ended, id, lease }, credit] of pendingCredit) {
      if (!ended) send({ kind: "credit", id, lease, credit });
    }
    pendingCredit.clear();
  };

  const grant = (call: Call, credit: number): void => {
    if (over || call.ended || !features().includes("credit")) return;
    if (pendingCredit.size === 0) setImmediate(sendPendingCredit);
    pendingCredit.set(call, (pendingCredit.get(call) ?? 0) + credit);
  };

  const removeAbandoned = (lease: string): void => {
    if (!abandoned.delete(lease)) return;
    lastMessageAt.delete(lease);
    onChange();
  };

  const removeCall = ({ id, lease }: Call): void => {
    calls.delete(lease);
    lastMessageAt.delete(lease);
    if (finalLease !== lease && !over) {
      send({ kind: "cancel", id, lease });
      if (!features().includes("cancel")) {
        abandoned.add(lease);
        lastMessageAt.set(lease, clock.monotonic());
      }
    }
    onChange();
  };

  const callOf = ({ id, lease = id }: { readonly id: string; readonly lease?: string }): Call | undefined => {
    const call = calls.get(lease);
    if (lastMessageAt.has(lease)) lastMessageAt.set(lease, clock.monotonic());
    if (call !== undefined) return call;
    const known = [...calls.values()].some((each) => each.id === id);
    onDropped(abandoned.has(lease) ? "abandoned" : known ? "old_lease" : "unknown_task");
    return undefined;
  };

  return {
    get size() {
      return calls.size + abandoned.size;
    },
    start({ taskId, request, attempt, credit, resumeAfter, timeoutMs = 0 }, signal) {
      signal.throwIfAborted();
      const lease = randomUUID();
      const id = features().includes("lease") ? taskId : lease;
      const buffer = createDeliveryBuffer({
        bytesChanged: options.bytesChanged,
        onReturn: () => cancel("The consumer ended the iteration."),
      });
      const call = createCall({
        request,
        id,
        lease,
        credit,
        features: features(),
        onDropped,
        grant: (more) => grant(call, more),
        onDelivery(delivery) {
          if (buffer.push(delivery)) return;
          call.end({ kind: "broken", reason: `The worker sent ${sizes.call} bytes beyond its credit.` });
        },
        onEnd(end) {
          signal.removeEventListener("abort", onAbort);
          removeCall(call);
          buffer.end(end.kind === "complete" ? undefined : new CallFailure(end));
        },
      });
      const cancel = (reason: string): void => call.end({ kind: "lost", reason });
      const onAbort = (): void => {
        cancel("The task was cancelled.");
        buffer.abort(toError(signal.reason));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      calls.set(lease, call);
      lastMessageAt.set(lease, clock.monotonic());
      send({
        kind: "task",
        id,
        lease,
        attempt,
        credit,
        timeoutMs,
        maxMessageBytes: sizes.message,
        request,
        ...(resumeAfter !== undefined && { resumeAfter }),
      });
      onChange();
      return withAcknowledge(buffer.deliveries, (messages) => {
        if (call.ended) return;
        call.addCredit(messages);
        grant(call, messages);
      });
    },
    take(frame) {
      if (frame.kind === "unreadable") {
        onDropped("unreadable");
        const { id, lease } = frame;
        if (id === undefined) return;
        callOf({ id, ...(lease !== undefined && { lease }) })?.end(endOfUnreadable(frame));
      } else if (frame.kind === "part") {
        callOf(frame)?.takePart(frame);
      } else {
        finalLease = frame.lease ?? frame.id;
        callOf(frame)?.takeFinal(frame);
        removeAbandoned(finalLease);
        finalLease = undefined;
      }
    },
    endIdle() {
      const now = clock.monotonic();
      for (const [lease, since] of [...lastMessageAt]) {
        if (now - since < times.idle) continue;
        const call = calls.get(lease);
        if (call === undefined) removeAbandoned(lease);
        // A worker without credit waits for the manager.
        else if (call.creditLeft <= 0) lastMessageAt.set(lease, now);
        else call.end({ kind: "broken", reason: `No message of the task for ${times.idle / 1000} s.` });
      }
    },
    resetIdle() {
      for (const lease of lastMessageAt.keys()) lastMessageAt.set(lease, clock.monotonic());
    },
    endAll(reason) {
      over = true;
      for (const call of [...calls.values()]) call.end({ kind: "lost", reason });
      abandoned.clear();
      lastMessageAt.clear();
    },
  };
}

async function* withAcknowledge(
  deliveries: AsyncIterable<Delivery>,
  grant: (messages: number) => void,
): AsyncGenerator<AcknowledgedDelivery> {
  for await (const delivery of deliveries) {
    let credit = delivery.messages;
    yield {
      ...delivery,
      acknowledge() {
        if (credit > 0) grant(credit);
        credit = 0;
      },
    };
  }
}

function endOfUnreadable({
  reason,
  permanent,
}: {
  readonly reason: string;
  readonly permanent: boolean;
}): CallEnd {
  if (!permanent) return { kind: "broken", reason };
  return { kind: "failed", failure: new TaskFailure(reason, "never", { type: "unreadable" }) };
}
