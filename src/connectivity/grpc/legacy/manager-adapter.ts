// Role: adapts a manager of protocol version 0 to the current protocol, at the worker.
// May import: domain, generated code, connectivity/protocol and connectivity/grpc.
// Never executes a task.
import type { Height } from "../../../domain/height.js";
import { TaskFailure } from "../../../domain/task.js";
import * as wire from "../../../generated/proto/indexer.js";
import {
  supportedFeatures,
  type FinalFrame,
  type Item,
  type ManagerFrame,
  type PartFrame,
  type WorkerFrame,
} from "../../protocol/frames.js";
import { sizes } from "../../protocol/limits.js";
import { writeJson } from "../json-shapes.js";
import { finalError, jsonPayload, quarantineError } from "../response-writer.js";

/** The stream of one manager. */
export interface ManagerAdapter {
  /** The frame that begins the stream, in place of the PING with features that the manager does not send. */
  readonly greeting: ManagerFrame;
  /** The manager sends no regular PINGs. */
  readonly silenceMs: number;
  /** Returns the frame of the current protocol for a decoded message. */
  receive(frame: ManagerFrame): ManagerFrame;
  /** Returns the size of an item's message, in bytes. Throws a TaskFailure if it exceeds the manager's limit. */
  measure(item: Item): number;
  /** Sends a frame as one message per item, with a `Partial` after each height. */
  send(frame: WorkerFrame): Promise<void>;
}

/** Bytes of a message without its payload. */
const envelope = 1_024;

interface TaskState {
  order: number;
  /** The height whose items are being sent. */
  height: Height | undefined;
}

/** Creates the adapter of one stream. */
export function createManagerAdapter(write: (bytes: Buffer) => Promise<void>): ManagerAdapter {
  const tasks = new Map<string, TaskState>();
  /** Items that were measured and not sent yet. */
  const payloads = new WeakMap<Item, readonly [type: string, payload: Buffer]>();

  const payloadOf = (item: Item): readonly [type: string, payload: Buffer] => {
    const payload = payloads.get(item) ?? jsonPayload(item);
    payloads.set(item, payload);
    return payload;
  };

  const stateOf = (id: string): TaskState => {
    const state = tasks.get(id) ?? { order: 0, height: undefined };
    tasks.set(id, state);
    return state;
  };

  const writeResponse = (id: string, fields: Partial<wire.TaskResponse>): Promise<void> => {
    const state = stateOf(id);
    const message = wire.TaskResponse.create({
      version: "0.0.1",
      id,
      order: BigInt(state.order),
      ...fields,
    });
    state.order += 1;
    return write(Buffer.from(wire.TaskResponse.encode(message).finish()));
  };

  const endHeight = (id: string): Promise<void> => {
    const state = stateOf(id);
    const height = state.height;
    state.height = undefined;
    if (height === undefined) return Promise.resolve();
    return writeResponse(id, { type: "Partial", payload: writeJson({ height: BigInt(height) }) });
  };

  const sendPart = async ({ id, items, cursor }: PartFrame): Promise<void> => {
    for (const item of items) {
      if (item.kind === "block") {
        await endHeight(id);
        stateOf(id).height = item.block.height;
      }
      const [type, payload] = payloadOf(item);
      const error = item.kind === "quarantine" ? quarantineError(item) : undefined;
      await writeResponse(id, { type, payload, error });
    }
    const { height } = stateOf(id);
    if (height !== undefined && height === cursor) await endHeight(id);
  };

  const sendFinal = (frame: FinalFrame): Promise<void> => {
    const sent = writeResponse(frame.id, { type: "END", final: true, error: finalError(frame) });
    tasks.delete(frame.id);
    return sent;
  };

  return {
    greeting: { kind: "ping", id: "", features: supportedFeatures, maxMessageBytes: sizes.message },
    silenceMs: Infinity,
    receive(frame) {
      if (frame.kind !== "task") return frame;
      const { request } = frame;
      return {
        ...frame,
        credit: Infinity,
        maxMessageBytes: sizes.message,
        request: request.kind === "latest" ? withoutHeightZero(request) : request,
      };
    },
    measure(item) {
      const [, { length }] = payloadOf(item);
      const limit = sizes.defaultMessage - envelope;
      if (length <= limit) return length;
      const message = `A result does not fit. It takes ${length} bytes; the manager accepts ${limit}.`;
      throw new TaskFailure(message, "never", { type: "too_large" });
    },
    async send(frame) {
      switch (frame.kind) {
        case "pong": {
          // The manager knows no PONG that is not a reply.
          if (frame.id === "") return;
          const { id, version = "" } = frame;
          return write(
            Buffer.from(
              wire.TaskResponse.encode(wire.TaskResponse.create({ id, type: "PONG", version })).finish(),
            ),
          );
        }
        case "part":
          return sendPart(frame);
        case "final":
          return sendFinal(frame);
        case "unreadable":
          throw new Error("An `unreadable` frame cannot be sent.");
      }
    },
  };
}

/** A manager of protocol version 0 that knows no block sends height 0. */
function withoutHeightZero(request: Extract<ManagerFrame, { kind: "task" }>["request"]): typeof request {
  if (request.kind !== "latest" || request.after?.height !== 0) return request;
  const { after: _, ...rest } = request;
  return rest;
}
