// A gRPC stream of raw messages as a channel: encodes frames, obeys backpressure, and puts an adapter before older peers.
// Imports only domain, lib, connectivity/protocol and this folder; never reads the content of a frame beyond negotiation.
import type { ChainRef } from "../../domain/chain.js";
import type { Clock } from "../../lib/clock.js";
import type { ByteBudget } from "../protocol/byte-budget.js";
import type { ManagerChannel, WorkerChannel } from "../protocol/channel.js";
import { sharedFeatures, type Feature, type ManagerFrame, type WorkerFrame } from "../protocol/frames.js";
import { createManagerAdapter } from "./legacy/manager-adapter.js";
import { createWorkerAdapter, type WorkerAdapter } from "./legacy/worker-adapter.js";
import { decodeRequest, encodeRequest } from "./requests.js";
import { decodeResponse } from "./response-reader.js";
import { createResponseWriter } from "./response-writer.js";
import type { ChainById } from "./typed-values.js";

/** The part of grpc-js' streams that is used; the same on both sides. */
export interface MessageStream extends AsyncIterable<unknown> {
  write(message: Buffer): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
}

/** Events after which nothing more can be sent; the two sides and versions of grpc-js emit different ones. */
const endEvents = ["error", "close", "cancelled", "status"] as const;

/** Returns messages unchanged: the channel decodes them, so that an invalid one ends a task and not the stream. */
export const rawBytes = (bytes: Buffer): Buffer => bytes;

/** Settings of the manager's end. */
export interface ManagerStreamOptions {
  readonly peer: string;
  readonly chain: ChainRef;
  readonly clock: Clock;
  readonly budget: ByteBudget;
  close(): void;
}

/** Creates the manager's end of a stream to a worker of `chain`. */
export function createManagerStream(call: MessageStream, options: ManagerStreamOptions): ManagerChannel {
  const { peer, chain, clock, budget } = options;
  const chainById: ChainById = (chainId) =>
    chainId === chain.chainId || chainId === "" ? chain : { network: "", chainId };
  const writer = createWriter(call);
  let features: readonly Feature[] = [];
  let adapter: WorkerAdapter | undefined;

  async function* read(): AsyncGenerator<WorkerFrame> {
    const messages = rawMessages(call);
    // The first PONG decides which protocol the worker speaks.
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      const frame = decodeResponse(next.value, chainById);
      const isFirstPong = frame.kind === "pong" && features.length === 0;
      if (isFirstPong) features = sharedFeatures(frame.features);
      if (isFirstPong && frame.features.length === 0) {
        adapter = createWorkerAdapter({ chainById, clock, budget, write: (bytes) => writer.write(bytes) });
        yield* adapter.frames(next.value, messages);
        return;
      }
      yield frame;
    }
  }

  const send = (frame: ManagerFrame): Promise<void> => {
    if (adapter !== undefined) return adapter.send(frame);
    // The session sends CREDIT and CANCEL to every worker.
    if ((frame.kind === "credit" || frame.kind === "cancel") && !features.includes(frame.kind)) {
      return Promise.resolve();
    }
    return writer.write(encodeRequest(frame));
  };

  return {
    peer,
    send,
    frames: { [Symbol.asyncIterator]: read },
    close() {
      adapter?.close();
      writer.close();
      options.close();
    },
  };
}

/** Creates the worker's end of a stream. */
export function createWorkerStream(
  call: MessageStream,
  { peer, chain }: { readonly peer: string; readonly chain: ChainRef },
): WorkerChannel {
  let features: readonly Feature[] = [];
  const writer = createWriter(call);
  const responses = createResponseWriter(() => features);
  const adapter = createManagerAdapter((bytes) => writer.write(bytes));
  let isOlderPeer = false;
  call.on("cancelled", () => call.destroy());

  async function* read(): AsyncGenerator<ManagerFrame> {
    let negotiated = false;
    for await (const bytes of rawMessages(call)) {
      const frame = decodeRequest(bytes, chain);
      if (frame === undefined) continue;
      if (frame.kind === "ping") features = sharedFeatures(frame.features);
      // The first message decides which protocol the manager speaks: a current one begins with a PING with features.
      if (!negotiated) {
        isOlderPeer = frame.kind !== "ping" || frame.features.length === 0;
        negotiated = true;
        if (isOlderPeer) yield adapter.greeting;
      }
      yield isOlderPeer ? adapter.receive(frame) : frame;
    }
  }

  return {
    peer,
    get silenceMs() {
      return isOlderPeer ? adapter.silenceMs : undefined;
    },
    measure: (item) => (isOlderPeer ? adapter : responses).measure(item),
    send: (frame) => (isOlderPeer ? adapter.send(frame) : writer.write(responses.encode(frame))),
    frames: { [Symbol.asyncIterator]: read },
    close() {
      writer.close();
      call.end();
    },
  };
}

async function* rawMessages(call: MessageStream): AsyncGenerator<Buffer> {
  for await (const message of call) if (Buffer.isBuffer(message)) yield message;
}

interface Writer {
  write(bytes: Buffer): Promise<void>;
  close(): void;
}

function createWriter(call: MessageStream): Writer {
  let closed = false;
  let waiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  const closedError = (): Error => new Error("The stream is closed.");
  const settle = (use: (waiter: (typeof waiters)[number]) => void): void => {
    const settled = waiters;
    waiters = [];
    for (const waiter of settled) use(waiter);
  };
  const close = (): void => {
    closed = true;
    settle(({ reject }) => reject(closedError()));
  };

  call.on("drain", () => settle(({ resolve }) => resolve()));
  for (const event of endEvents) call.on(event, close);

  return {
    write(bytes) {
      if (closed) return Promise.reject(closedError());
      if (call.write(bytes)) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
    },
    close,
  };
}
