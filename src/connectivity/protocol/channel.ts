// What carries frames between a manager and a worker, whatever it is made of, and the one inside a process.
// Imports only lib and this folder; never looks into a frame.
import { createQueue } from "../../lib/queue.js";
import type { ManagerFrame, Item, WorkerFrame } from "./frames.js";

/** One end of a stream: frames out, frames in, until either side closes. */
export interface Channel<Out, In> {
  /** `host:port`, or what else names the other side in logs. */
  readonly peer: string;
  /** Sends at once; resolves when more may be sent. Rejects where the stream is over. */
  send(frame: Out): Promise<void>;
  /** Frames as they come, iterated once. Ends when the other side closed, throws where the stream broke. Not reading slows the sender. */
  readonly frames: AsyncIterable<In>;
  /** Ends the stream from this side. */
  close(): void;
}

/** The manager's end. */
export type ManagerChannel = Channel<ManagerFrame, WorkerFrame>;

/** The worker's end; it can say how large a piece will be. */
export interface WorkerChannel extends Channel<WorkerFrame, ManagerFrame> {
  /** Bytes that a piece takes in a message. */
  measure(piece: Item): number;
}

/** Frames that may wait unread before the sender is asked to wait. */
const pipeRoom = 16;

/** Both ends of a stream inside this process. */
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
    worker: { peer, send: toManager.send, frames: toWorker.frames, close, measure: estimate },
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
      if (queue.size < pipeRoom) release();
      yield frame;
    }
  }

  return {
    frames: { [Symbol.asyncIterator]: read },
    send(frame) {
      if (!queue.push(frame)) return Promise.reject(new Error("The stream is closed."));
      return queue.size < pipeRoom ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve));
    },
    end() {
      queue.end();
      release();
    },
  };
}

/** About what a piece takes in memory: nothing is encoded inside a process. */
function estimate(piece: Item): number {
  if (piece.kind !== "transaction") return 256;
  const { raw, rawLog, memo, events } = piece.transaction;
  return 512 + (raw?.length ?? 0) + (rawLog?.length ?? 0) + memo.length + events.length * 512;
}
