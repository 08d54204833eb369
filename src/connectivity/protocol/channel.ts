// Role: the channel that carries frames between a manager and a worker, and an in-memory implementation.
// May import: lib and this folder.
// Never reads the content of a frame.
import { createQueue } from "../../lib/queue.js";
import type { ManagerFrame, Item, WorkerFrame } from "./frames.js";

/** One end of a stream: frames out, frames in, until either side closes. */
export interface Channel<Out, In> {
  /** `host:port`, or another name of the other side for logs. */
  readonly peer: string;
  /** Sends at once; resolves when more may be sent. Rejects if the stream is closed. */
  send(frame: Out): Promise<void>;
  /** Incoming frames, iterated once. Ends if the other side closes, throws if the stream breaks. A slow reader slows the sender. */
  readonly frames: AsyncIterable<In>;
  /** Closes the stream. */
  close(): void;
}

/** The manager's end. */
export type ManagerChannel = Channel<ManagerFrame, WorkerFrame>;

/** The worker's end. */
export interface WorkerChannel extends Channel<WorkerFrame, ManagerFrame> {
  /** Returns the encoded size of an item, in bytes. Throws a TaskFailure if the manager can never receive the item. */
  measure(item: Item): number;
  /** Milliseconds without a message after which the manager counts as gone; `times.managerSilence` by default. */
  readonly silenceMs?: number | undefined;
}

/** The number of unread frames from which on `send` waits. */
const pipeCapacity = 16;

/** Creates both ends of a stream inside this process. */
export function createMemoryChannels(peer = "in-process"): {
  readonly manager: ManagerChannel;
  readonly worker: WorkerChannel;
} {
  const toWorker = createPipe<ManagerFrame>();
  const toManager = createPipe<WorkerFrame>();
  const close = (): void => {
    toWorker.end();
    toManager.end();
  };
  return {
    manager: { peer, send: toWorker.send, frames: toManager.frames, close },
    worker: { peer, send: toManager.send, frames: toWorker.frames, close, measure: estimateBytes },
  };
}

interface Pipe<T> {
  send(this: void, frame: T): Promise<void>;
  readonly frames: AsyncIterable<T>;
  end(): void;
}

function createPipe<T>(): Pipe<T> {
  let waiters: (() => void)[] = [];
  const release = (): void => {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };
  const queue = createQueue<T>(Infinity, release);

  async function* read(): AsyncGenerator<T> {
    for await (const frame of queue) {
      if (queue.size < pipeCapacity) release();
      yield frame;
    }
  }

  return {
    frames: { [Symbol.asyncIterator]: read },
    send(frame) {
      if (!queue.push(frame)) return Promise.reject(new Error("The stream is closed."));
      return queue.size < pipeCapacity ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve));
    },
    end() {
      queue.end();
      release();
    },
  };
}

/** Estimates the memory of an item: nothing is encoded inside a process. */
function estimateBytes(item: Item): number {
  if (item.kind !== "transaction") return 256;
  const { raw, rawLog, memo, events } = item.transaction;
  return 512 + (raw?.length ?? 0) + (rawLog?.length ?? 0) + memo.length + events.length * 512;
}
