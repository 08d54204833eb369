// One stream to one worker: negotiation, PINGs and calls. A failure ends the session with all its calls.
// Imports only domain, lib and connectivity/protocol; never dials and never chooses a worker.
import type { ChainHead } from "../../domain/chain.js";
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import type { ManagerChannel } from "../protocol/channel.js";
import {
  supportedFeatures,
  sharedFeatures,
  type Feature,
  type ManagerFrame,
  type PongFrame,
  type WorkerFrame,
} from "../protocol/frames.js";
import { counts, sizes, times } from "../protocol/limits.js";
import { createCalls, type Calls } from "./calls.js";
import { createPings } from "./pings.js";

/** A session with one worker. */
export interface WorkerSession {
  /** False until the first PONG, and after the end of the session. */
  readonly ready: boolean;
  readonly draining: boolean;
  /** The number of tasks that the worker executes at once. */
  readonly capacity: number;
  /** The number of this manager's tasks at the worker, cancelled ones that it still executes included. */
  readonly inFlight: number;
  /** The features of the worker itself; empty for protocol version 0. */
  readonly capabilities: readonly Feature[];
  readonly head: ChainHead | undefined;
  readonly pingMs: number | undefined;
  /** Milliseconds since 1970 of the last message; 0 before the first. */
  readonly lastMessageAt: number;
  readonly call: Calls["start"];
  /** Resolves with the reason when the session is over. */
  readonly over: Promise<string>;
  close(reason: string): void;
}

/** Dependencies of a session. */
export interface WorkerSessionOptions {
  readonly channel: ManagerChannel;
  readonly clock: Clock;
  /** Readiness, draining, capacity, load or head changed. */
  onChange(): void;
  /** A message, or an item of one, was dropped. */
  onDropped(reason: string): void;
  /** A message with results arrived. */
  onPart(): void;
  /** The buffered bytes of all calls changed by a number. */
  bytesChanged(by: number): void;
}

/** Starts a session on a channel. */
export function createWorkerSession(options: WorkerSessionOptions): WorkerSession {
  const { channel, clock, onChange, onDropped } = options;
  const pings = createPings(clock);
  const ending = new AbortController();
  let resolveOver: (reason: string) => void = () => undefined;
  const over = new Promise<string>((resolve) => (resolveOver = resolve));
  let features: readonly Feature[] = [];
  let capabilities: readonly Feature[] = [];
  let negotiated = false;
  let draining = false;
  let capacity: number = counts.capacity;
  let head: ChainHead | undefined;
  let lastMessageAt = 0;
  /** On the monotonic clock. */
  let aliveAt = clock.monotonic();

  const isOver = (): boolean => ending.signal.aborted;

  const close = (reason: string): void => {
    if (isOver()) return;
    ending.abort(new Error(reason));
    channel.close();
    calls.endAll(reason);
    resolveOver(reason);
    onChange();
  };

  /** Sends without waiting: a manager's messages are small. A failure ends the session. */
  const send = (frame: ManagerFrame): void => {
    if (!isOver()) channel.send(frame).catch((error: unknown) => close(errorMessage(error)));
  };

  const calls = createCalls({
    clock,
    features: () => features,
    send,
    onDropped,
    onChange,
    bytesChanged: options.bytesChanged,
  });

  const takePong = (frame: PongFrame): void => {
    // A PONG without an id reports a change and answers no PING.
    const isReport = frame.id === "" && negotiated;
    if (!isReport && !pings.complete(frame.id)) return onDropped("unknown_ping");
    draining = frame.draining;
    head = frame.head ?? head;
    if (!isReport) {
      features = sharedFeatures(frame.features);
      capabilities = sharedFeatures(frame.nativeFeatures ?? frame.features);
      capacity = Math.max(1, frame.capacity ?? counts.capacity);
      negotiated = true;
    }
    onChange();
  };

  const take = (frame: WorkerFrame): void => {
    if (frame.kind === "pong") return takePong(frame);
    if (frame.kind === "part") options.onPart();
    if (frame.kind === "final") head = frame.head ?? head;
    calls.take(frame);
  };

  const read = async (): Promise<void> => {
    for await (const frame of channel.frames) {
      if (isOver()) return;
      aliveAt = clock.monotonic();
      lastMessageAt = clock.now();
      take(frame);
    }
    close("The worker closed the stream.");
  };

  const ping = (): void => {
    send({ kind: "ping", id: pings.start(), features: supportedFeatures, maxMessageBytes: sizes.message });
  };

  const watch = async (): Promise<void> => {
    ping();
    for (let second = 1; ; second += 1) {
      const began = clock.monotonic();
      await clock.sleep(1_000, ending.signal);
      if (clock.monotonic() - began > 1_000 + times.standstill) {
        // This process was stopped and could not read: the silence until now does not count.
        aliveAt = clock.monotonic();
        calls.resetIdle();
      }
      if (clock.monotonic() - aliveAt >= times.silence) {
        return close(`No message for ${times.silence / 1000} s.`);
      }
      calls.endIdle();
      if ((second * 1_000) % times.ping === 0) ping();
    }
  };

  read().catch((error: unknown) => close(errorMessage(error)));
  watch().catch((error: unknown) => close(errorMessage(error)));

  return {
    get ready() {
      return negotiated && !isOver();
    },
    get draining() {
      return draining;
    },
    get capacity() {
      return capacity;
    },
    get inFlight() {
      return calls.size;
    },
    get capabilities() {
      return capabilities;
    },
    get head() {
      return head;
    },
    get pingMs() {
      return pings.lastMs;
    },
    get lastMessageAt() {
      return lastMessageAt;
    },
    call: (request, signal) => calls.start(request, signal),
    over,
    close,
  };
}
