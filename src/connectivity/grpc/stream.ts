// A gRPC stream of raw messages as a channel: writes that wait for room, reads that hold the sender back.
// Imports only node and this folder's codecs; never looks into a frame.
import type { ChainRef } from "../../domain/chain.js";
import type { ManagerChannel, WorkerChannel } from "../protocol/channel.js";
import { sharedFeatures, type Feature, type ManagerFrame, type WorkerFrame } from "../protocol/frames.js";
import { decodeRequest, encodeRequest } from "./requests.js";
import { decodeResponse } from "./response-reader.js";
import { createResponseWriter } from "./response-writer.js";
import type { ChainById } from "./typed-values.js";

/** What is used of grpc-js' streams, the same on both sides. */
export interface MessageStream extends AsyncIterable<unknown> {
  write(message: Buffer): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
}

/** Events after which nothing more can be sent; which of them come differs between both sides and versions. */
const endings = ["error", "close", "cancelled", "status"] as const;

/** Messages as they are: frames are coded here and not by grpc-js, so that junk ends one task and not the stream. */
export const asIs = (bytes: Buffer): Buffer => bytes;

/** The manager's end of a stream to a worker of `chain`. */
export function createManagerStream(
  call: MessageStream,
  { peer, chain, close }: { readonly peer: string; readonly chain: ChainRef; close(): void },
): ManagerChannel {
  const chainOf: ChainById = (chainId) =>
    chainId === chain.chainId || chainId === "" ? chain : { network: "", chainId };
  const writer = createWriter(call);

  async function* read(): AsyncGenerator<WorkerFrame> {
    for await (const bytes of rawMessages(call)) yield decodeResponse(bytes, chainOf);
  }

  return {
    peer,
    send: (frame) => writer.write(encodeRequest(frame)),
    frames: { [Symbol.asyncIterator]: read },
    close() {
      writer.close();
      close();
    },
  };
}

/** The worker's end of a stream. */
export function createWorkerStream(
  call: MessageStream,
  { peer, chain }: { readonly peer: string; readonly chain: ChainRef },
): WorkerChannel {
  let features: readonly Feature[] = [];
  const writer = createWriter(call);
  const responses = createResponseWriter(() => features);
  call.on("cancelled", () => call.destroy());

  async function* read(): AsyncGenerator<ManagerFrame> {
    for await (const bytes of rawMessages(call)) {
      const frame = decodeRequest(bytes, { chain, legacy: features.length === 0 });
      if (frame?.kind === "ping") features = sharedFeatures(frame.features);
      if (frame !== undefined) yield frame;
    }
  }

  return {
    peer,
    measure: responses.measure,
    send: (frame) => writer.write(responses.encode(frame)),
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

  const over = (): Error => new Error("The stream is closed.");
  const settle = (use: (waiter: (typeof waiters)[number]) => void): void => {
    const settled = waiters;
    waiters = [];
    for (const waiter of settled) use(waiter);
  };
  const close = (): void => {
    closed = true;
    settle(({ reject }) => reject(over()));
  };

  call.on("drain", () => settle(({ resolve }) => resolve()));
  for (const event of endings) call.on(event, close);

  return {
    write(bytes) {
      if (closed) return Promise.reject(over());
      if (call.write(bytes)) return Promise.resolve();
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
    },
    close,
  };
}
