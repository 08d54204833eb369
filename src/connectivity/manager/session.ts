// One stream to one worker, from the manager's side: negotiation and signs of life. A session that fails dies whole.
// Imports only domain, lib and this folder; never dials and never chooses.
import type { ChainHead } from "../../domain/chain.js";
import type { Clock } from "../../lib/clock.js";
import { createAskings, type Asking, type AskingHandle } from "./calls.js";
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
import { createPings } from "./pings.js";
import type { Waiting } from "../protocol/byte-budget.js";

export interface Session {
  /** False until the first PONG, and once the session is over. */
  readonly ready: boolean;
  readonly draining: boolean;
  /** Tasks that the worker takes at once. */
  readonly capacity: number;
  /** Tasks that it holds of us, abandoned ones of a legacy peer included. */
  readonly inFlight: number;
  /** What both sides have; empty for a legacy peer. */
  readonly features: readonly Feature[];
  readonly head: ChainHead | undefined;
  readonly pingMs: number | undefined;
  /** Milliseconds since 1970 of the last message; 0 before the first: being dialled is no sign of life. */
  readonly lastHeard: number;
  ask(asking: Asking): AskingHandle;
  /** Resolves with the reason when the session is over. */
  readonly over: Promise<string>;
  close(reason: string): void;
}

export interface SessionOptions {
  readonly channel: ManagerChannel;
  readonly clock: Clock;
  readonly waiting: Waiting;
  /** Called when readiness, draining, capacity, load or head changed. */
  changed(): void;
  /** A message, or a thing in one, was not used. */
  dropped(reason: string): void;
  /** A message with answers came. */
  partReceived(): void;
}

/** Starts a session on a channel. */
export function createSession(options: SessionOptions): Session {
  const { channel, clock, waiting, changed, dropped } = options;
  const pings = createPings(clock);
  const ending = new AbortController();
  let settleOver: (reason: string) => void = () => undefined;
  const over = new Promise<string>((resolve) => (settleOver = resolve));
  let features: readonly Feature[] = [];
  let greeted = false;
  let draining = false;
  let capacity: number = counts.capacity;
  let head: ChainHead | undefined;
  let lastHeard = 0;
  let heardAt = clock.monotonic();
  let resting = false;

  const isOver = (): boolean => ending.signal.aborted;

  const close = (reason: string): void => {
    if (isOver()) return;
    ending.abort(new Error(reason));
    channel.close();
    askings.lose(reason);
    settleOver(reason);
    changed();
  };

  /** Sends without waiting: what a manager sends is small. A failure ends the session. */
  const send = (frame: ManagerFrame): void => {
    if (!isOver()) channel.send(frame).catch((error: unknown) => close(reasonOf(error)));
  };

  const askings = createAskings({ clock, features: () => features, send, dropped, changed });

  /** A PONG without an id answers no PING: the worker tells by itself what changed. */
  const takeNews = (frame: PongFrame): void => {
    if (!greeted) return dropped("unknown_ping");
    draining = frame.draining;
    head = frame.head ?? head;
    changed();
  };

  const takePong = (frame: PongFrame): void => {
    if (frame.id === "") return takeNews(frame);
    if (!pings.answered(frame.id)) return dropped("unknown_ping");
    features = sharedFeatures(frame.features);
    draining = frame.draining;
    capacity = Math.max(1, frame.capacity ?? counts.capacity);
    head = frame.head ?? head;
    greeted = true;
    changed();
  };

  const take = (frame: WorkerFrame): void => {
    if (frame.kind === "pong") return takePong(frame);
    if (frame.kind === "part") options.partReceived();
    if (frame.kind === "final") head = frame.head ?? head;
    askings.take(frame);
  };

  /** Rests while too much waits; a task that makes it rest for long gives up what waits, so that PONGs are seen. */
  const rest = async (): Promise<void> => {
    resting = true;
    while (waiting.isFull && !isOver()) {
      const enough = new AbortController();
      const shed = clock.sleep(times.pause, AbortSignal.any([enough.signal, ending.signal])).then(
        () => waiting.shedLargest(),
        () => undefined,
      );
      await Promise.race([waiting.room(), shed]);
      enough.abort();
    }
    resting = false;
    forgive();
  };

  const read = async (): Promise<void> => {
    for await (const frame of channel.frames) {
      if (isOver()) return;
      heardAt = clock.monotonic();
      lastHeard = clock.now();
      take(frame);
      // Others are held by their credit.
      if (features.length === 0 && waiting.isFull) await rest();
    }
    close("The worker closed the stream.");
  };

  const ping = (): void => {
    send({ kind: "ping", id: pings.sent(), features: supportedFeatures, maxMessageBytes: sizes.message });
  };

  /** What was silent until now is forgiven: it was us who did not listen. */
  const forgive = (): void => {
    heardAt = clock.monotonic();
    askings.forgive();
  };

  const watch = async (): Promise<void> => {
    ping();
    for (let second = 1; ; second += 1) {
      const began = clock.monotonic();
      await clock.sleep(1_000, ending.signal);
      if (clock.monotonic() - began > 1_000 + times.standstill) forgive();
      if (!resting && clock.monotonic() - heardAt >= times.silence) {
        return close(`No sign of life for ${times.silence / 1000} s.`);
      }
      if (!resting) askings.checkIdle();
      if ((second * 1_000) % times.ping === 0) ping();
    }
  };

  read().catch((error: unknown) => close(reasonOf(error)));
  watch().catch((error: unknown) => close(reasonOf(error)));

  return {
    get ready() {
      return greeted && !isOver();
    },
    get draining() {
      return draining;
    },
    get capacity() {
      return capacity;
    },
    get inFlight() {
      return askings.size;
    },
    get features() {
      return features;
    },
    get head() {
      return head;
    },
    get pingMs() {
      return pings.lastMs;
    },
    get lastHeard() {
      return lastHeard;
    },
    ask: (asking) => askings.start(asking),
    over,
    close,
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
